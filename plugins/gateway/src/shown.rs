//! How numbers are written on the phones of a tenant: so that they can be called back as they are shown.

use switch::{E164, Number};

use crate::numbers::{Dialled, Dialling, world};

impl Dialling {
    /// A number as those who dial by these rules would dial it: nationally at home, with what leads abroad for others, and
    /// what gets a line before it. What would not be read as the same number is shown with `+`.
    #[must_use]
    pub fn shown(&self, number: &Number) -> String {
        let world = match number {
            Number::World(number) => number,
            Number::Short(short) => return format!("{}{short}", self.line()),
        };
        let leads_there = |text: &String| self.read(text) == Ok(Dialled::World(world.clone()));
        let dialled = self.dialled(world).into_iter().flatten().map(|text| format!("{}{text}", self.line()));
        dialled.into_iter().find(leads_there).unwrap_or_else(|| world.to_string())
    }

    /// The ways to dial a number of the world here, the usual one first.
    fn dialled(&self, number: &E164) -> [Option<String>; 3] {
        let (Some(here), Some(phone)) = (self.region(), world::phone(number)) else { return [None, None, None] };
        if world::calling_code(here) != Some(phone.country_code) {
            return [world::from_abroad(&phone, here), Some(format!("00{}", number.digits())), None];
        }
        // From one country of a calling code to another, as from the USA to Canada, it is dialled as a national number.
        let in_full = format!("{}{}", self.trunk_prefix(), world::significant(&phone));
        let own = phone.get_region_code().is_none_or(|place| place == here);
        let [first, second] = [own.then(|| world::national(&phone)), Some(in_full)];
        [first, second, world::from_abroad(&phone, here)]
    }
}
