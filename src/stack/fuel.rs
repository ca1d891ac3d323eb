//! Fuel and epoch deadlines of a store.

use super::stacks::Stacks;

/// The way in which an interruption stops code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Stop {
    /// The execution is suspended, as by another thread.
    Interrupt = 1,
    /// The execution is suspended, as at an epoch deadline.
    Epoch = 2,
    /// The code traps, as at an epoch deadline.
    Trap = 3,
    /// The execution is suspended for an observer of a replay.
    Pause = 4,
}

impl Stacks {
    /// Returns the fuel that is left.
    pub fn fuel(&self) -> u64 {
        let left = self.signed_fuel().max(0);
        u64::try_from(left).unwrap_or(u64::MAX)
    }

    /// Returns the fuel that is left, less than zero if more was spent than there was.
    fn signed_fuel(&self) -> i128 {
        // SAFETY: as in `registers`.
        let fuel = unsafe { (*self.context()).fuel };
        i128::from(self.fuel_reserve) + i128::from(fuel)
    }

    /// Makes code stop at the first poll at which it has spent this many units since the store was
    /// created, or at none.
    pub fn set_stop(&mut self, stop: Option<(u64, Stop)>) {
        self.stop = stop;
        let Some((at, _)) = stop else {
            self.refill();
            return;
        };
        let left = i64::try_from(at.saturating_sub(self.fuel_spent())).unwrap_or(i64::MAX) - 1;
        let surplus = self.registers().fuel.saturating_sub(left);
        if surplus > 0 {
            self.fuel_set = self.fuel_set.wrapping_sub(surplus);
            self.registers().fuel -= surplus;
            // Only a debt, beyond which no code runs, could exceed the largest number.
            self.fuel_reserve = self.fuel_reserve.saturating_add(surplus as u64);
        }
    }

    /// Returns the reason for which code must stop at some poll.
    pub fn stop(&self) -> Option<Stop> {
        self.stop.map(|(_, reason)| reason)
    }

    /// Returns the reason for which code must stop at this poll, once.
    pub fn take_stop(&mut self) -> Option<Stop> {
        let (at, reason) = self.stop?;
        if self.fuel_spent() < at {
            return None;
        }
        self.set_stop(None);
        Some(reason)
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
        self.signed_fuel() < 0
    }

    /// Returns the fuel that an operation can spend at once.
    pub fn available_fuel(&mut self) -> u64 {
        self.refill();
        self.fuel()
    }

    /// Spends fuel, also if there is less.
    pub fn spend_fuel(&mut self, fuel: u64) {
        let fuel = i64::try_from(fuel).unwrap_or(i64::MAX);
        let left = &mut self.registers().fuel;
        *left = left.saturating_sub(fuel);
    }

    /// Takes as much fuel from the reserve as the context may have.
    fn refill(&mut self) {
        let most = match self.stop {
            None => i64::MAX,
            Some((at, _)) => {
                let left = at.saturating_sub(self.fuel_spent());
                i64::try_from(left).unwrap_or(i64::MAX) - 1
            }
        };
        let room = most.saturating_sub(self.registers().fuel.max(-1)).max(0);
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
