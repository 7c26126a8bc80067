//! Numbers of a tenant (DID). A number has one owner in the whole exchange.

use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, DatabaseTransaction, EntityTrait,
    QueryFilter, QueryOrder, QuerySelect,
};
use switch::{Did, DidNumbers, DidTarget, E164, TenantId, TrunkId};

use crate::entity::{did, tenant, user};
use crate::error::Error;
use crate::{trunks, turn};

/// The most digits of a number.
const LONGEST: usize = 15;

/// A page of numbers, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberPage {
    /// The numbers.
    pub numbers: Vec<Did>,
    /// What to ask with for the next page; `None` when this was the last.
    pub next: Option<String>,
}

/// The numbers of one tenant.
#[derive(Debug)]
pub struct Numbers<'a> {
    pub(crate) db: &'a DatabaseConnection,
    pub(crate) tenant: TenantId,
}

impl Numbers<'_> {
    /// Adds one number, range or pattern.
    ///
    /// # Errors
    /// [`Error::Taken`] where another tenant owns some of them, [`Error::Exists`] where this one has the same already, a
    /// target that cannot be kept, no such tenant or trunk.
    pub async fn create(
        &self,
        numbers: &DidNumbers,
        trunk: Option<TrunkId>,
        leads_to: &DidTarget,
    ) -> Result<Did, Error> {
        let (target, target_name) = target_columns(leads_to)?;
        // It is kept as it is written, and must be read as the same.
        let written = numbers.to_string().parse().is_ok_and(|read: DidNumbers| read == *numbers);
        let span = Span::of(numbers).filter(|_| written);
        let span = span.ok_or_else(|| Error::invalid("numbers", "numbers of 2 to 15 digits"))?;
        let transaction = turn::begin(self.db).await?;
        if let Some(trunk) = trunk {
            trunks::usable(&transaction, trunk, Some(self.tenant)).await?;
        }
        let others = did::Entity::find().filter(did::Column::TenantId.ne(self.tenant.0)).filter(span.overlap());
        if others.one(&transaction).await?.is_some() {
            return Err(Error::Taken(numbers.to_string()));
        }
        let row = did::ActiveModel {
            id: NotSet,
            tenant_id: Set(self.tenant.0),
            numbers: Set(numbers.to_string()),
            low: Set(span.low),
            high: Set(span.high),
            shortest: Set(span.shortest),
            longest: Set(span.longest),
            trunk_id: Set(trunk.map(|trunk| trunk.0)),
            target: Set(target),
            target_name: Set(target_name),
        };
        let row = row.insert(&transaction).await.map_err(|error| Error::exists(error, "number"))?;
        transaction.commit().await?;
        did_of(row)
    }

    /// One as it was added.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for another tenant's.
    pub async fn get(&self, numbers: &DidNumbers) -> Result<Did, Error> {
        did_of(self.row(self.db, numbers).await?)
    }

    /// A page of at most `size`, after the page that gave `token`.
    ///
    /// # Errors
    /// A token that was never given.
    pub async fn page(&self, size: u64, token: Option<&str>) -> Result<NumberPage, Error> {
        use did::Column;
        let size = size.clamp(1, 1000);
        let mut found = did::Entity::find().filter(Column::TenantId.eq(self.tenant.0));
        if let Some(token) = token {
            let place = token.split_once('-').and_then(|(low, id)| Some((low.parse::<i64>().ok()?, id.parse().ok()?)));
            let (low, id): (i64, i64) =
                place.ok_or_else(|| Error::invalid("page_token", "was not given by an earlier page"))?;
            let later = Condition::all().add(Column::Low.eq(low)).add(Column::Id.gt(id));
            found = found.filter(Condition::any().add(Column::Low.gt(low)).add(later));
        }
        let ordered = found.order_by_asc(Column::Low).order_by_asc(Column::Id);
        let mut rows = ordered.limit(size + 1).all(self.db).await?;
        let more = rows.len() > usize::try_from(size).unwrap_or(usize::MAX);
        if more {
            rows.pop();
        }
        let next = rows.last().filter(|_| more).map(|row| format!("{}-{}", row.low, row.id));
        Ok(NumberPage { numbers: rows.into_iter().map(did_of).collect::<Result<_, _>>()?, next })
    }

    /// Changes where it leads, and over which trunk it counts.
    ///
    /// # Errors
    /// [`Error::NotFound`], a target that cannot be kept, no such trunk.
    pub async fn update(&self, changed: &Did) -> Result<Did, Error> {
        let (target, target_name) = target_columns(&changed.leads_to)?;
        let transaction = turn::begin(self.db).await?;
        if let Some(trunk) = changed.trunk {
            trunks::usable(&transaction, trunk, Some(self.tenant)).await?;
        }
        let mut row: did::ActiveModel = self.row(&transaction, &changed.numbers).await?.into();
        row.trunk_id = Set(changed.trunk.map(|trunk| trunk.0));
        row.target = Set(target);
        row.target_name = Set(target_name);
        let row = row.update(&transaction).await?;
        transaction.commit().await?;
        did_of(row)
    }

    /// Removes one.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Used`] while the tenant or a user of it shows a number that only this one makes its
    /// own: whoever owns it next would be shown in its place.
    pub async fn delete(&self, numbers: &DidNumbers) -> Result<(), Error> {
        let transaction = turn::begin(self.db).await?;
        let row = self.row(&transaction, numbers).await?;
        did::Entity::delete_by_id(row.id).exec(&transaction).await?;
        if let Some(by) = shows_what_it_has_not(&transaction, self.tenant).await? {
            return Err(Error::Used { noun: "number", by });
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Whether this number is the tenant's own.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn owns(&self, number: &E164) -> Result<bool, Error> {
        owns(self.db, self.tenant, number).await
    }

    async fn row(&self, db: &impl ConnectionTrait, numbers: &DidNumbers) -> Result<did::Model, Error> {
        let found = did::Entity::find()
            .filter(did::Column::TenantId.eq(self.tenant.0))
            .filter(did::Column::Numbers.eq(numbers.to_string()))
            .one(db)
            .await?;
        found.ok_or(Error::NotFound("number"))
    }
}

/// Whether this number is the tenant's own.
pub(crate) async fn owns(db: &impl ConnectionTrait, tenant: TenantId, number: &E164) -> Result<bool, Error> {
    let Some(span) = Span::of(&DidNumbers::One(number.clone())) else { return Ok(false) };
    let mine = did::Entity::find().filter(did::Column::TenantId.eq(tenant.0)).filter(span.overlap());
    Ok(mine.one(db).await?.is_some())
}

/// Who of a tenant shows a number that is not the tenant's.
async fn shows_what_it_has_not(db: &DatabaseTransaction, tenant: TenantId) -> Result<Option<String>, Error> {
    use user::Column;
    let whole = tenant::Entity::find_by_id(tenant.0).one(db).await?.and_then(|row| row.shown);
    let users = user::Entity::find().select_only().columns([Column::Name, Column::Shown]);
    let users = users.filter(Column::TenantId.eq(tenant.0)).filter(Column::Shown.is_not_null());
    let users: Vec<(String, Option<String>)> = users.into_tuple().all(db).await?;
    let users = users.into_iter().map(|(name, shown)| (format!("user {name}, who shows it"), shown));
    for (who, shown) in [("the tenant, which shows it".to_owned(), whole)].into_iter().chain(users) {
        if let Some(shown) = shown.and_then(|shown| shown.parse::<E164>().ok())
            && !owns(db, tenant, &shown).await?
        {
            return Ok(Some(who));
        }
    }
    Ok(None)
}

/// All numbers of all tenants.
pub(crate) async fn all(db: &impl ConnectionTrait) -> Result<Vec<Did>, Error> {
    did::Entity::find().order_by_asc(did::Column::Id).all(db).await?.into_iter().map(did_of).collect()
}

/// Where numbers lie among all: the first and the last that it can be, filled up to 15 digits with 0 and 9, and how many
/// digits they have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    low: i64,
    high: i64,
    shortest: i32,
    longest: i32,
}

impl Span {
    /// `None` where there is no such number.
    fn of(numbers: &DidNumbers) -> Option<Self> {
        let digits = |number: &E164| number.digits().len();
        match numbers {
            DidNumbers::One(number) => {
                let long = digits(number);
                Self::between(number.digits(), number.digits(), long, long)
            }
            DidNumbers::Range(first, last) if digits(first) == digits(last) && first <= last => {
                Self::between(first.digits(), last.digits(), digits(first), digits(first))
            }
            DidNumbers::Range(..) => None,
            DidNumbers::Prefix { digits, least, most } => {
                let (least, most) = (digits.len() + usize::from(*least), digits.len() + usize::from(*most));
                Self::between(digits, digits, least, most)
            }
        }
    }

    fn between(first: &str, last: &str, shortest: usize, longest: usize) -> Option<Self> {
        if longest > LONGEST || shortest > longest {
            return None;
        }
        Some(Self {
            low: format!("{first:0<LONGEST$}").parse().ok()?,
            high: format!("{last:9<LONGEST$}").parse().ok()?,
            shortest: i32::try_from(shortest).ok()?,
            longest: i32::try_from(longest).ok()?,
        })
    }

    /// Rows that have a number in common with this. As the digits that are not said are filled up to the edges, two have one
    /// where both spans meet and both lengths do.
    fn overlap(self) -> Condition {
        use did::Column;
        Condition::all()
            .add(Column::Low.lte(self.high))
            .add(Column::High.gte(self.low))
            .add(Column::Shortest.lte(self.longest))
            .add(Column::Longest.gte(self.shortest))
    }
}

fn target_columns(target: &DidTarget) -> Result<(String, Option<String>), Error> {
    let (kind, name) = match target {
        DidTarget::Dialplan => ("dialplan", None),
        DidTarget::User(name) => ("user", Some(name.clone())),
        DidTarget::Room(name) => ("room", Some(name.clone())),
    };
    let plain = |name: &String| (1..=64).contains(&name.len()) && !name.chars().any(char::is_control);
    if name.as_ref().is_some_and(|name| !plain(name)) {
        return Err(Error::invalid("leads_to", "a name of 1 to 64 bytes, no control characters"));
    }
    Ok((kind.to_owned(), name))
}

fn did_of(row: did::Model) -> Result<Did, Error> {
    const CORRUPT: Error = Error::Corrupt("number");
    let leads_to = match (row.target.as_str(), row.target_name) {
        ("dialplan", None) => DidTarget::Dialplan,
        ("user", Some(name)) => DidTarget::User(name),
        ("room", Some(name)) => DidTarget::Room(name),
        _ => return Err(CORRUPT),
    };
    Ok(Did {
        id: row.id,
        tenant: TenantId(row.tenant_id),
        numbers: row.numbers.parse().map_err(|_| CORRUPT)?,
        trunk: row.trunk_id.map(TrunkId),
        leads_to,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All numbers of few digits, against what the spans say.
    #[test]
    fn two_spans_meet_where_the_patterns_have_a_number_in_common() {
        let prefix = |digits: &str, least, most| DidNumbers::Prefix { digits: digits.to_owned(), least, most };
        let number = |digits: &str| format!("+{digits}").parse::<E164>().expect("a number");
        let patterns = [
            DidNumbers::One(number("12")),
            DidNumbers::One(number("123")),
            DidNumbers::One(number("1230")),
            DidNumbers::Range(number("120"), number("125")),
            DidNumbers::Range(number("126"), number("129")),
            DidNumbers::Range(number("1239"), number("1300")),
            prefix("12", 0, 3),
            prefix("12", 2, 2),
            prefix("123", 0, 1),
            prefix("13", 1, 1),
            prefix("1", 1, 1),
        ];
        let holds = |pattern: &DidNumbers, digits: &str| match pattern {
            DidNumbers::One(one) => one.digits() == digits,
            DidNumbers::Range(first, last) => {
                first.digits().len() == digits.len() && (first.digits()..=last.digits()).contains(&digits)
            }
            DidNumbers::Prefix { digits: head, least, most } => digits
                .strip_prefix(head.as_str())
                .is_some_and(|rest| (usize::from(*least)..=usize::from(*most)).contains(&rest.len())),
        };
        let all: Vec<String> = (10..20_000).map(|number: u32| number.to_string()).collect();
        for one in &patterns {
            for other in &patterns {
                let common = all.iter().any(|digits| holds(one, digits) && holds(other, digits));
                let (a, b) = (Span::of(one).expect("a span"), Span::of(other).expect("a span"));
                let meet = a.low <= b.high && a.high >= b.low && a.shortest <= b.longest && a.longest >= b.shortest;
                assert_eq!(meet, common, "{one} and {other}");
            }
        }
    }
}
