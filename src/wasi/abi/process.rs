//! The functions `proc_*`, `sched_yield` and `random_get`.

use super::errno::Errno;
use super::memory::GuestMemory;
use super::{Answer, Refusal};
use crate::support::error::Error;
use crate::wasi::{I32Exit, WasiCtx};

/// Largest signal number.
const MAX_SIGNAL: u32 = 30;

impl WasiCtx {
    pub(super) fn proc_exit(&mut self, _: &mut GuestMemory<'_>, code: u32) -> Answer {
        self.host.exit(code);
        Err(Refusal::End(Error::new(I32Exit(code as i32))))
    }

    /// Signal 0 only tests whether signals can be sent. No other signal can be delivered.
    pub(super) fn proc_raise(&mut self, _: &mut GuestMemory<'_>, signal: u32) -> Answer {
        match signal {
            0 => Ok(()),
            1..=MAX_SIGNAL => Err(Errno::Notsup.into()),
            _ => Err(Errno::Inval.into()),
        }
    }

    pub(super) fn sched_yield(&mut self, _: &mut GuestMemory<'_>) -> Answer {
        Ok(self.host.yield_now()?)
    }

    pub(super) fn random_get(
        &mut self,
        memory: &mut GuestMemory<'_>,
        buffer: u32,
        len: u32,
    ) -> Answer {
        let host = &mut self.host;
        Ok(memory.fill_range(buffer, len, |bytes| host.random(bytes))?)
    }
}
