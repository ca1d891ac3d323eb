//! Fuel and epoch deadlines of a store.

use super::stacks::Stacks;

impl Stacks {
    /// Returns the fuel that is left.
    pub fn fuel(&self) -> u64 {
        // SAFETY: as in `registers`.
        let fuel = unsafe { (*self.context()).fuel };
        fuel.max(0) as u64
    }

    /// Returns whether more fuel was spent than there was.
    pub fn is_out_of_fuel(&self) -> bool {
        // SAFETY: as in `registers`.
        unsafe { (*self.context()).fuel < 0 }
    }

    /// Sets the fuel that is left, at most 2⁶³ − 1.
    pub fn set_fuel(&mut self, fuel: u64) {
        let fuel = i64::try_from(fuel).unwrap_or(i64::MAX);
        self.fuel_spent_before = self.fuel_spent();
        self.fuel_set = fuel;
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
