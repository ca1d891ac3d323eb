//! The sequences with cells that charge fuel that have a handler of their own (see
//! [`fusion`](super::fusion)).
//!
//! They are those that code with fuel executes most (`POLLS=fuel` in `benches/profile`), and others
//! of the same forms: charges before calls and branches, charges and polls at the headers of loops
//! and at returns. Targets with 32-bit addresses have none of them.
//!
//! `for_each_fuel_fusion!` calls `$callback!` with the tokens and the rows that it was given and,
//! behind a semicolon, these rows.

macro_rules! for_each_fuel_fusion {
    ($callback:ident [$($extra:tt)*] { $($rows:tt)* }) => {
        $callback! { [$($extra)*]
            $($rows)*
            ;
            [ChargePoll::cell ReturnSlot::cell]
            [ChargePoll::cell Return::cell]
            [ChargePoll::cell ReturnConst32::cell]
            [ChargePoll::cell ReturnCall::cell]
            [ZeroLocals::cell PollFuel::cell]
            [Charge::cell Call::cell]
            [Charge::cell Copy::cell]
            [Charge::cell Copy::cell Call::cell]
            [Charge::cell Copy2::cell]
            [Charge::cell Copy2::cell Call::cell]
            [Charge::cell Branch::cell]
            [Charge::cell PollFuel::cell]
            [Charge::cell PollFuel::cell PollInterrupt::cell]
            [Charge::cell PollFuel::cell PollEpoch::cell]
            [Charge::cell Charge::cell]
            [Charge::cell Charge::cell PollFuel::cell]
            [Refund::cell Branch::cell]
            [Refund::cell Charge::cell]
            [Refund::cell Charge::cell PollFuel::cell]
        }
    };
}

pub(crate) use for_each_fuel_fusion;
