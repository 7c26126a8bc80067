//! What is kept: entities, migrations, repositories.
