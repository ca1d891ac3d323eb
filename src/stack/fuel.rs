//! Fuel and epoch deadlines of a store.

use super::stacks::Stacks;

impl Stacks {
    /// Returns the fuel that is left.
    pub fn fuel(&self) -> u64 {
        // SAFETY: as in `registers`.
        let fuel = unsafe { (*self.context()).fuel };
        self.fuel_reserve + fuel.max(0) as u64
    }

    /// Returns the fuel that was spent beyond what there was.
    pub fn fuel_debt(&self) -> u64 {
        // SAFETY: as in `registers`.
        let fuel = unsafe { (*self.context()).fuel };
        fuel.min(0).unsigned_abs()
    }

    /// Sets the fuel that is left, what was spent beyond that, and all that was spent.
    pub fn restore_fuel(&mut self, fuel: u64, debt: u64, spent: u64) {
        self.set_fuel(fuel);
        let debt = i64::try_from(debt).unwrap_or(i64::MAX);
        self.fuel_set -= debt;
        self.registers().fuel -= debt;
        self.fuel_spent_before = spent;
    }

    /// Returns whether more fuel was spent than there was. Takes fuel from the reserve first.
    pub fn is_out_of_fuel(&mut self) -> bool {
        if self.registers().fuel < 0 {
            self.refill();
        }
        self.registers().fuel < 0
    }

    /// Returns the fuel that an operation can spend at once.
    pub fn available_fuel(&mut self) -> u64 {
        self.refill();
        self.registers().fuel.max(0) as u64
    }

    /// Spends fuel, also if there is less.
    pub fn spend_fuel(&mut self, fuel: u64) {
        let fuel = i64::try_from(fuel).unwrap_or(i64::MAX);
        let left = &mut self.registers().fuel;
        *left = left.saturating_sub(fuel);
    }

    /// Takes as much fuel from the reserve as the context can hold.
    fn refill(&mut self) {
        let room = i64::MAX - self.registers().fuel.max(0);
        let refill = self.fuel_reserve.min(room as u64);
        self.fuel_reserve -= refill;
        let refill = refill as i64;
        self.fuel_set = self.fuel_set.wrapping_add(refill);
        self.registers().fuel += refill;
    }

    /// Sets the fuel that is left.
    pub fn set_fuel(&mut self, fuel: u64) {
        self.fuel_reserve = fuel.saturating_sub(i64::MAX as u64);
        let fuel = (fuel - self.fuel_reserve) as i64;
        self.fuel_spent_before = self.fuel_spent();
        self.fuel_set = fuel;
        self.registers().fuel = fuel;
    }

    /// Sets the fuel that running code has left, as if it had spent the rest.
    #[cfg(test)]
    pub fn leave_fuel(&mut self, fuel: i64) {
        self.registers().fuel = fuel;
    }

    /// Returns the fuel spent since the store was created, however often it was set since.
    pub fn fuel_spent(&self) -> u64 {
        // SAFETY: as in `registers`.
        let left = unsafe { (*self.context()).fuel };
        let since = self.fuel_set.wrapping_sub(left).cast_unsigned();
        self.fuel_spent_before.wrapping_add(since)
    }

    /// Sets the epoch at which running code exits for a poll.
    pub fn set_epoch_deadline(&mut self, epoch: u64) {
        self.registers().epoch_deadline = epoch;
    }

    /// Returns the epoch at which running code exits for a poll.
    pub fn epoch_deadline(&self) -> u64 {
        // SAFETY: as in `registers`.
        unsafe { (*self.context()).epoch_deadline }
    }
}
