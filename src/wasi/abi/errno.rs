//! The error numbers of preview 1.

use core::fmt;

macro_rules! errnos {
    ($($name:ident = $number:literal $text:literal,)*) => {
        /// An error number of preview 1. Success (0) is not included.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u16)]
        #[non_exhaustive]
        pub enum Errno {
            $(#[doc = $text] $name = $number,)*
        }

        impl Errno {
            /// All error numbers in ascending order.
            pub const ALL: &'static [Errno] = &[$(Errno::$name),*];

            fn text(self) -> &'static str {
                match self {
                    $(Errno::$name => $text,)*
                }
            }
        }
    };
}

errnos! {
    TooBig = 1 "argument list too long",
    Acces = 2 "permission denied",
    Addrinuse = 3 "address in use",
    Addrnotavail = 4 "address not available",
    Afnosupport = 5 "address family not supported",
    Again = 6 "resource unavailable, or the operation would block",
    Already = 7 "connection already in progress",
    Badf = 8 "bad file descriptor",
    Badmsg = 9 "bad message",
    Busy = 10 "device or resource busy",
    Canceled = 11 "operation canceled",
    Child = 12 "no child processes",
    Connaborted = 13 "connection aborted",
    Connrefused = 14 "connection refused",
    Connreset = 15 "connection reset",
    Deadlk = 16 "resource deadlock would occur",
    Destaddrreq = 17 "destination address required",
    Dom = 18 "argument out of the function's domain",
    Dquot = 19 "quota exceeded",
    Exist = 20 "file exists",
    Fault = 21 "bad address",
    Fbig = 22 "file too large",
    Hostunreach = 23 "host is unreachable",
    Idrm = 24 "identifier removed",
    Ilseq = 25 "illegal byte sequence",
    Inprogress = 26 "operation in progress",
    Intr = 27 "interrupted function",
    Inval = 28 "invalid argument",
    Io = 29 "input/output error",
    Isconn = 30 "socket is connected",
    Isdir = 31 "is a directory",
    Loop = 32 "too many levels of symbolic links",
    Mfile = 33 "too many open files",
    Mlink = 34 "too many links",
    Msgsize = 35 "message too large",
    Multihop = 36 "multihop attempted",
    Nametoolong = 37 "file name too long",
    Netdown = 38 "network is down",
    Netreset = 39 "connection aborted by network",
    Netunreach = 40 "network unreachable",
    Nfile = 41 "too many files open in the system",
    Nobufs = 42 "no buffer space available",
    Nodev = 43 "no such device",
    Noent = 44 "no such file or directory",
    Noexec = 45 "executable file format error",
    Nolck = 46 "no locks available",
    Nolink = 47 "link has been severed",
    Nomem = 48 "not enough space",
    Nomsg = 49 "no message of the desired type",
    Noprotoopt = 50 "protocol not available",
    Nospc = 51 "no space left on device",
    Nosys = 52 "function not supported",
    Notconn = 53 "the socket is not connected",
    Notdir = 54 "not a directory",
    Notempty = 55 "directory not empty",
    Notrecoverable = 56 "state not recoverable",
    Notsock = 57 "not a socket",
    Notsup = 58 "not supported",
    Notty = 59 "inappropriate control operation",
    Nxio = 60 "no such device or address",
    Overflow = 61 "value too large to be stored",
    Ownerdead = 62 "previous owner died",
    Perm = 63 "operation not permitted",
    Pipe = 64 "broken pipe",
    Proto = 65 "protocol error",
    Protonosupport = 66 "protocol not supported",
    Prototype = 67 "wrong type of protocol for the socket",
    Range = 68 "result too large",
    Rofs = 69 "read-only file system",
    Spipe = 70 "invalid seek",
    Srch = 71 "no such process",
    Stale = 72 "stale file handle",
    Timedout = 73 "connection timed out",
    Txtbsy = 74 "text file busy",
    Xdev = 75 "cross-device link",
    Notcapable = 76 "capabilities insufficient",
}

impl Errno {
    /// Returns the number that the program receives.
    pub const fn number(self) -> u16 {
        self as u16
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl core::error::Error for Errno {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_dense() {
        for (index, errno) in Errno::ALL.iter().enumerate() {
            assert_eq!(usize::from(errno.number()), index + 1);
        }
        assert_eq!(Errno::ALL.len(), 76);
    }
}
