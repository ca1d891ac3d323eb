//! The `clock_*` functions.

use super::Answer;
use super::memory::GuestMemory;
use super::types::Clock;
use crate::wasi::WasiCtx;

impl WasiCtx {
    pub(super) fn clock_res_get(
        &mut self,
        memory: &mut GuestMemory<'_>,
        clock: u32,
        result: u32,
    ) -> Answer {
        let clock = Clock::from_number(clock)?;
        memory.check(result, 8)?;
        let resolution = self.host.clock_resolution(clock)?;
        Ok(memory.write_u64(result, resolution)?)
    }

    /// The requested precision can be ignored: the time is always exact.
    pub(super) fn clock_time_get(
        &mut self,
        memory: &mut GuestMemory<'_>,
        clock: u32,
        _precision: u64,
        result: u32,
    ) -> Answer {
        let clock = Clock::from_number(clock)?;
        memory.check(result, 8)?;
        let time = self.host.clock_time(clock)?;
        Ok(memory.write_u64(result, time)?)
    }
}
