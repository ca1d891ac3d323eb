//! The `sock_*` functions. Preview 1 cannot create sockets and no host provides any, so an open
//! descriptor is never a socket.

use super::errno::Errno;
use super::memory::GuestMemory;
use super::{Answer, Refusal};
use crate::wasi::WasiCtx;

impl WasiCtx {
    fn not_a_socket(&self, fd: u32) -> Refusal {
        match self.table.get(fd) {
            Ok(_) => Errno::Notsock.into(),
            Err(errno) => errno.into(),
        }
    }

    pub(super) fn sock_accept(
        &mut self,
        _: &mut GuestMemory<'_>,
        fd: u32,
        _flags: u32,
        _accepted: u32,
    ) -> Answer {
        Err(self.not_a_socket(fd))
    }

    #[allow(clippy::too_many_arguments, reason = "the signature is preview 1's")]
    pub(super) fn sock_recv(
        &mut self,
        _: &mut GuestMemory<'_>,
        fd: u32,
        _array: u32,
        _count: u32,
        _flags: u32,
        _len: u32,
        _out_flags: u32,
    ) -> Answer {
        Err(self.not_a_socket(fd))
    }

    #[allow(clippy::too_many_arguments, reason = "the signature is preview 1's")]
    pub(super) fn sock_send(
        &mut self,
        _: &mut GuestMemory<'_>,
        fd: u32,
        _array: u32,
        _count: u32,
        _flags: u32,
        _len: u32,
    ) -> Answer {
        Err(self.not_a_socket(fd))
    }

    pub(super) fn sock_shutdown(&mut self, _: &mut GuestMemory<'_>, fd: u32, _how: u32) -> Answer {
        Err(self.not_a_socket(fd))
    }
}
