//! Trunks with their gateways. They are the operator's: a tenant's own ones too.

mod policy;

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseConnection, DatabaseTransaction, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect,
};
use switch::{Gateway, GatewayId, GatewayRule, Ha1, Login, Site, TenantId, Transport, Trunk, TrunkId};

use crate::entity::{did, gateway, limit_columns, limits_of, route, tenant, trunk};
use crate::error::Error;
use crate::tenants::check_name;
use crate::turn;

/// The most gateways of one trunk.
const GATEWAYS: usize = 64;
const CORRUPT: Error = Error::Corrupt("trunk");

/// The trunks.
#[derive(Debug)]
pub struct Trunks<'a> {
    pub(crate) db: &'a DatabaseConnection,
}

impl Trunks<'_> {
    /// Makes one. The ids of the trunk and its gateways are minted here, whatever stands there.
    ///
    /// # Errors
    /// A field that cannot be kept, a name that is taken, no such tenant.
    pub async fn create(&self, new: &Trunk) -> Result<Trunk, Error> {
        check(new)?;
        let mut row = columns(new)?;
        row.name = Set(new.name.clone());
        row.tenant_id = Set(new.tenant.map(|tenant| tenant.0));
        let transaction = turn::begin(self.db).await?;
        let made = row.insert(&transaction).await.map_err(|error| Error::exists(error, "trunk"))?;
        put_gateways(&transaction, made.id, &new.gateways).await?;
        let made = whole(&transaction, made).await?;
        transaction.commit().await?;
        Ok(made)
    }

    /// One by its id.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn get(&self, id: TrunkId) -> Result<Trunk, Error> {
        let row = trunk::Entity::find_by_id(id.0).one(self.db).await?;
        whole(self.db, row.ok_or(Error::NotFound("trunk"))?).await
    }

    /// One by its name.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn by_name(&self, name: &str) -> Result<Trunk, Error> {
        let row = trunk::Entity::find().filter(trunk::Column::Name.eq(name)).one(self.db).await?;
        whole(self.db, row.ok_or(Error::NotFound("trunk"))?).await
    }

    /// All, by name.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list(&self) -> Result<Vec<Trunk>, Error> {
        all(self.db).await
    }

    /// The names of all, by their ids.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn names(&self) -> Result<BTreeMap<TrunkId, String>, Error> {
        use trunk::Column;
        let rows = trunk::Entity::find().select_only().columns([Column::Id, Column::Name]);
        let rows: Vec<(i64, String)> = rows.into_tuple().all(self.db).await?;
        Ok(rows.into_iter().map(|(id, name)| (TrunkId(id), name)).collect())
    }

    /// Changes all but id, name and owner. A gateway of a name that was there keeps its id.
    ///
    /// # Errors
    /// As [`create`](Self::create), or [`Error::NotFound`].
    pub async fn update(&self, changed: &Trunk) -> Result<Trunk, Error> {
        check(changed)?;
        let mut row = columns(changed)?;
        let transaction = turn::begin(self.db).await?;
        let known = trunk::Entity::find_by_id(changed.id.0).one(&transaction).await?;
        row.id = Set(known.ok_or(Error::NotFound("trunk"))?.id);
        let row = row.update(&transaction).await?;
        put_gateways(&transaction, row.id, &changed.gateways).await?;
        let changed = whole(&transaction, row).await?;
        transaction.commit().await?;
        Ok(changed)
    }

    /// Says what becomes of one gateway, and touches nothing else.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn rule(&self, id: TrunkId, name: &str, rule: GatewayRule) -> Result<Trunk, Error> {
        let changed = gateway::Entity::update_many()
            .col_expr(gateway::Column::Rule, sea_orm::sea_query::Expr::value(policy::rule(rule)))
            .filter(gateway::Column::TrunkId.eq(id.0))
            .filter(gateway::Column::Name.eq(name))
            .exec(self.db)
            .await?;
        if changed.rows_affected == 0 { Err(Error::NotFound("gateway")) } else { self.get(id).await }
    }

    /// Removes one with its gateways and rates.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Used`] while a number, a route or a tenant's emergency calls name it.
    pub async fn delete(&self, id: TrunkId) -> Result<(), Error> {
        let transaction = turn::begin(self.db).await?;
        if let Some(by) = user_of(&transaction, id).await? {
            return Err(Error::Used { noun: "trunk", by });
        }
        let gone = trunk::Entity::delete_by_id(id.0).exec(&transaction).await?;
        transaction.commit().await?;
        if gone.rows_affected == 0 { Err(Error::NotFound("trunk")) } else { Ok(()) }
    }
}

/// What names this trunk, if anything does.
async fn user_of(db: &DatabaseTransaction, id: TrunkId) -> Result<Option<String>, Error> {
    if let Some(row) = route::Entity::find().filter(route::Column::TrunkId.eq(id.0)).one(db).await? {
        return Ok(Some(format!("route {}{}", row.name, tenant_named(db, row.tenant_id).await?)));
    }
    if let Some(row) = did::Entity::find().filter(did::Column::TrunkId.eq(id.0)).one(db).await? {
        return Ok(Some(format!("number {}{}", row.numbers, tenant_named(db, Some(row.tenant_id)).await?)));
    }
    let row = tenant::Entity::find().filter(tenant::Column::EmergencyTrunk.eq(id.0)).one(db).await?;
    Ok(row.map(|row| format!("the emergency calls of tenant {}", row.name)))
}

async fn tenant_named(db: &DatabaseTransaction, id: Option<i64>) -> Result<String, Error> {
    let Some(id) = id else { return Ok(" of all tenants".to_owned()) };
    let row = tenant::Entity::find_by_id(id).one(db).await?;
    Ok(row.map(|row| format!(" of tenant {}", row.name)).unwrap_or_default())
}

/// A trunk that this tenant may name: one of its own, or nobody's; for all tenants nobody's alone.
pub(crate) async fn usable(db: &impl ConnectionTrait, id: TrunkId, tenant: Option<TenantId>) -> Result<(), Error> {
    let row = trunk::Entity::find_by_id(id.0).one(db).await?.ok_or(Error::NotFound("trunk"))?;
    match (row.tenant_id, tenant) {
        (None, _) => Ok(()),
        (Some(owner), Some(tenant)) if owner == tenant.0 => Ok(()),
        // Another tenant's trunk is none at all.
        (Some(_), Some(_)) => Err(Error::NotFound("trunk")),
        (Some(_), None) => Err(Error::invalid("trunk", "it is one tenant's own, and cannot serve all")),
    }
}

/// All trunks with their gateways, by name, in two queries.
pub(crate) async fn all(db: &impl ConnectionTrait) -> Result<Vec<Trunk>, Error> {
    let rows = trunk::Entity::find().order_by_asc(trunk::Column::Name).all(db).await?;
    let gateways = gateway::Entity::find().order_by_asc(gateway::Column::Place).all(db).await?;
    let mut by_trunk: BTreeMap<i64, Vec<Gateway>> = BTreeMap::new();
    for row in gateways {
        by_trunk.entry(row.trunk_id).or_default().push(gateway_of(row)?);
    }
    rows.into_iter().map(|row| trunk_of(by_trunk.remove(&row.id).unwrap_or_default(), row)).collect()
}

async fn whole(db: &impl ConnectionTrait, row: trunk::Model) -> Result<Trunk, Error> {
    let gateways = gateway::Entity::find()
        .filter(gateway::Column::TrunkId.eq(row.id))
        .order_by_asc(gateway::Column::Place)
        .all(db)
        .await?;
    trunk_of(gateways.into_iter().map(gateway_of).collect::<Result<_, _>>()?, row)
}

async fn put_gateways(db: &DatabaseTransaction, trunk: i64, gateways: &[Gateway]) -> Result<(), Error> {
    let known = gateway::Entity::find().filter(gateway::Column::TrunkId.eq(trunk)).all(db).await?;
    for gone in known.iter().filter(|row| gateways.iter().all(|wanted| wanted.name != row.name)) {
        gateway::Entity::delete_by_id(gone.id).exec(db).await?;
    }
    for (place, wanted) in (0..).zip(gateways) {
        let row = gateway::ActiveModel {
            id: NotSet,
            trunk_id: Set(trunk),
            place: Set(place),
            name: Set(wanted.name.clone()),
            host: Set(wanted.site.host.clone()),
            port: Set(wanted.site.port.map(i32::from)),
            transport: Set(wanted.site.transport.map(policy::transport)),
            priority: Set(i32::from(wanted.priority)),
            weight: Set(i32::from(wanted.weight)),
            rule: Set(policy::rule(wanted.rule)),
            max_calls: Set(wanted.max_calls.map(i64::from)),
        };
        match known.iter().find(|row| row.name == wanted.name) {
            Some(there) => {
                gateway::ActiveModel { id: Set(there.id), ..row }.update(db).await?;
            }
            None => {
                row.insert(db).await.map_err(|error| Error::exists(error, "gateway"))?;
            }
        }
    }
    Ok(())
}

fn check(trunk: &Trunk) -> Result<(), Error> {
    check_name("name", &trunk.name)?;
    if trunk.gateways.len() > GATEWAYS {
        return Err(Error::invalid("gateways", format!("at most {GATEWAYS}")));
    }
    let mut names = BTreeSet::new();
    for gateway in &trunk.gateways {
        check_name("gateways", &gateway.name)?;
        if !names.insert(gateway.name.as_str()) {
            return Err(Error::invalid("gateways", format!("`{}` stands there twice", gateway.name)));
        }
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.' | ':' | '_');
        let host = &gateway.site.host;
        if !(1..=253).contains(&host.len()) || !host.chars().all(plain) {
            return Err(Error::invalid("gateways", "a host name in small letters, or an address without brackets"));
        }
    }
    Ok(())
}

/// All but id, name and owner.
fn columns(trunk: &Trunk) -> Result<trunk::ActiveModel, Error> {
    let login = trunk.login.as_ref();
    let [concurrent, per_second, per_hour, minutes_per_day, cost_per_day] = limit_columns(&trunk.limits);
    Ok(trunk::ActiveModel {
        id: NotSet,
        name: NotSet,
        tenant_id: NotSet,
        enabled: Set(trunk.enabled),
        login_user: Set(login.map(|login| login.user.clone())),
        login_realm: Set(login.map(|login| login.realm.clone())),
        ha1_md5: Set(login.map(|login| login.ha1.md5.to_vec())),
        ha1_sha256: Set(login.map(|login| login.ha1.sha256.to_vec())),
        ha1_sha512_256: Set(login.map(|login| login.ha1.sha512_256.to_vec())),
        policy: Set(policy::write(trunk)?),
        concurrent: Set(concurrent),
        per_second: Set(per_second),
        per_hour: Set(per_hour),
        minutes_per_day: Set(minutes_per_day),
        cost_per_day: Set(cost_per_day),
    })
}

fn trunk_of(gateways: Vec<Gateway>, row: trunk::Model) -> Result<Trunk, Error> {
    let read = Trunk::named(TrunkId(row.id), &row.name);
    let limits = [row.concurrent, row.per_second, row.per_hour, row.minutes_per_day, row.cost_per_day];
    let login = login_of(row.login_user, row.login_realm, [row.ha1_md5, row.ha1_sha256, row.ha1_sha512_256])?;
    let read = Trunk {
        tenant: row.tenant_id.map(TenantId),
        enabled: row.enabled,
        gateways,
        login,
        limits: limits_of(limits),
        ..read
    };
    policy::read(&row.policy, read)
}

fn login_of(
    user: Option<String>,
    realm: Option<String>,
    [md5, sha256, sha512_256]: [Option<Vec<u8>>; 3],
) -> Result<Option<Login>, Error> {
    let (Some(user), Some(realm)) = (user, realm) else { return Ok(None) };
    let bytes = |column: Option<Vec<u8>>| column.ok_or(CORRUPT);
    let ha1 = Ha1 {
        md5: bytes(md5)?.try_into().map_err(|_| CORRUPT)?,
        sha256: bytes(sha256)?.try_into().map_err(|_| CORRUPT)?,
        sha512_256: bytes(sha512_256)?.try_into().map_err(|_| CORRUPT)?,
    };
    Ok(Some(Login { user, realm, ha1 }))
}

fn gateway_of(row: gateway::Model) -> Result<Gateway, Error> {
    let transport = row.transport.as_deref().map(|text| Transport::parse(text).ok_or(CORRUPT)).transpose()?;
    let port = row.port.map(|port| u16::try_from(port).map_err(|_| CORRUPT)).transpose()?;
    Ok(Gateway {
        id: GatewayId(row.id),
        name: row.name,
        site: Site { host: row.host, port, transport },
        priority: u16::try_from(row.priority).map_err(|_| CORRUPT)?,
        weight: u16::try_from(row.weight).map_err(|_| CORRUPT)?,
        rule: policy::rule_of(&row.rule)?,
        max_calls: row.max_calls.map(|calls| u32::try_from(calls).map_err(|_| CORRUPT)).transpose()?,
    })
}
