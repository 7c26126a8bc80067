//! `UserService`: who may register a phone and call.

use store::NewUser;
use switch::Ha1;
use tonic::{Request, Response, Status};

use crate::desk::{Desk, named};
use crate::live::Change;
use crate::media;
use crate::v1::user_service_server::UserService;
use crate::v1::{
    CreateUserRequest, DeleteUserRequest, DeleteUserResponse, GetUserRequest, ListUsersRequest, ListUsersResponse,
    UpdateUserRequest, User,
};
use crate::violations::{Violations, failed};
use crate::words::{given, timestamp};

#[tonic::async_trait]
impl UserService for Desk {
    async fn create(&self, request: Request<CreateUserRequest>) -> Result<Response<User>, Status> {
        let request = request.into_inner();
        let tenant = self.tenant(&request.tenant).await?;
        let mut wrong = Violations::default();
        check_name(&mut wrong, &request.name);
        check_password(&mut wrong, &request.password);
        let media = media::read(&mut wrong, request.srtp, &request.codecs, &request.language);
        wrong.finish()?;
        let new = NewUser {
            ha1: Ha1::of(&request.name, &tenant.realm, &request.password),
            name: request.name,
            display_name: given(request.display_name),
            extension: given(request.extension),
            media,
        };
        let made = self.store.users(tenant.id).create(new).await.map_err(failed)?;
        tracing::info!(tenant = tenant.id.0, user = made.id.0, "a user was made");
        self.live.changed(Change::UserPut(tenant.id, made.id)).await;
        Ok(Response::new(spelt(&tenant.name, made)))
    }

    async fn get(&self, request: Request<GetUserRequest>) -> Result<Response<User>, Status> {
        let request = request.into_inner();
        let tenant = self.tenant(&request.tenant).await?;
        let found = self.user(&tenant, &request.name).await?;
        Ok(Response::new(spelt(&tenant.name, found)))
    }

    async fn list(&self, request: Request<ListUsersRequest>) -> Result<Response<ListUsersResponse>, Status> {
        let tenant = self.tenant(&request.get_ref().tenant).await?;
        let users = self.store.users(tenant.id).list().await.map_err(failed)?;
        let users = users.into_iter().map(|user| spelt(&tenant.name, user)).collect();
        Ok(Response::new(ListUsersResponse { users }))
    }

    async fn update(&self, request: Request<UpdateUserRequest>) -> Result<Response<User>, Status> {
        let request = request.into_inner();
        let tenant = self.tenant(&request.tenant).await?;
        let mut changed = self.user(&tenant, &request.name).await?;
        let mut wrong = Violations::default();
        let language = request.language.as_deref();
        media::change(&mut wrong, &mut changed.media, request.srtp, request.codecs.clone(), language);
        if let Some(password) = &request.password {
            check_password(&mut wrong, password);
        }
        wrong.finish()?;
        if let Some(password) = request.password {
            changed.ha1 = Ha1::of(&changed.name, &tenant.realm, &password);
        }
        if request.display_name.is_some() {
            changed.display_name = given(request.display_name);
        }
        if request.extension.is_some() {
            changed.extension = given(request.extension);
        }
        if let Some(enabled) = request.enabled {
            changed.enabled = enabled;
        }
        let changed = self.store.users(tenant.id).update(&changed).await.map_err(failed)?;
        tracing::info!(tenant = tenant.id.0, user = changed.id.0, "a user was changed");
        self.live.changed(Change::UserPut(tenant.id, changed.id)).await;
        Ok(Response::new(spelt(&tenant.name, changed)))
    }

    async fn delete(&self, request: Request<DeleteUserRequest>) -> Result<Response<DeleteUserResponse>, Status> {
        let request = request.into_inner();
        let tenant = self.tenant(&request.tenant).await?;
        let gone = self.user(&tenant, &request.name).await?;
        self.store.users(tenant.id).delete(gone.id).await.map_err(failed)?;
        tracing::info!(tenant = tenant.id.0, user = gone.id.0, "a user was deleted");
        self.live.changed(Change::UserGone { tenant: tenant.id, user: gone.id, name: gone.name }).await;
        Ok(Response::new(DeleteUserResponse {}))
    }
}

impl Desk {
    async fn user(&self, tenant: &store::Tenant, name: &str) -> Result<store::User, Status> {
        self.user_in("name", tenant, name).await
    }

    /// The user of a tenant that a request names in this field.
    pub(crate) async fn user_in(&self, field: &str, tenant: &store::Tenant, name: &str) -> Result<store::User, Status> {
        let name = named(field, name, "user")?;
        self.store.users(tenant.id).by_name(name).await.map_err(failed)
    }
}

/// The store says the same, but one field at a time; here it joins what is wrong with the password.
fn check_name(wrong: &mut Violations, name: &str) {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+');
    let right = (1..=64).contains(&name.len()) && name.chars().all(plain);
    wrong.expect(right, "name", "1 to 64 letters, digits, `-`, `_`, `.` or `+`");
}

fn check_password(wrong: &mut Violations, password: &str) {
    let long = (8..=128).contains(&password.chars().count());
    wrong.expect(
        long && !password.chars().any(char::is_control),
        "password",
        "8 to 128 characters, none a control character",
    );
}

fn spelt(tenant: &str, user: store::User) -> User {
    User {
        id: user.id.0,
        tenant: tenant.to_owned(),
        name: user.name,
        display_name: user.display_name,
        extension: user.extension,
        enabled: user.enabled,
        created: Some(timestamp(user.created)),
        srtp: media::srtp(&user.media).into(),
        codecs: media::codecs(&user.media),
        language: media::language(&user.media),
    }
}
