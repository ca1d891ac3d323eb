//! Traps: reasons for which execution ends.

use core::fmt;

macro_rules! traps {
    ($($(#[$doc:meta])* $name:ident = $message:literal,)*) => {
        /// The reason for a trap, with Wasmtime's names and wording.
        ///
        /// ```
        /// assert_eq!(
        ///     backstitch::Trap::IntegerDivisionByZero.to_string(),
        ///     "wasm trap: integer divide by zero",
        /// );
        /// ```
        #[non_exhaustive]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Trap {
            $($(#[$doc])* $name,)*
        }

        impl Trap {
            const ALL: &[Trap] = &[$(Trap::$name,)*];

            /// Returns the trap of a number, if there is one.
            pub fn from_u8(byte: u8) -> Option<Trap> {
                Self::ALL.get(usize::from(byte)).copied()
            }
        }

        impl fmt::Display for Trap {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Trap::$name => concat!("wasm trap: ", $message),)*
                })
            }
        }
    };
}

traps! {
    /// The stack reached its limit.
    StackOverflow = "call stack exhausted",
    /// A memory access out of bounds.
    MemoryOutOfBounds = "out of bounds memory access",
    /// An atomic access to an address that is not a multiple of its size.
    HeapMisaligned = "unaligned atomic",
    /// A table access out of bounds.
    TableOutOfBounds = "undefined element: out of bounds table access",
    /// An indirect call through a null table element.
    IndirectCallToNull = "uninitialized element",
    /// An indirect call of a function of another type.
    BadSignature = "indirect call type mismatch",
    /// An integer result that its type cannot hold.
    IntegerOverflow = "integer overflow",
    /// A division by zero.
    IntegerDivisionByZero = "integer divide by zero",
    /// A conversion of a NaN to an integer.
    BadConversionToInteger = "invalid conversion to integer",
    /// An `unreachable` instruction.
    UnreachableCodeReached = "wasm `unreachable` instruction executed",
    /// An interruption, or an epoch deadline that has passed.
    Interrupt = "interrupt",
    /// No fuel left.
    OutOfFuel = "all fuel consumed by WebAssembly",
    /// A null reference where another one is required.
    NullReference = "null reference",
    /// An allocation that exceeds the configured limits.
    AllocationTooLarge = "allocation size too large",
    /// A wait at an address of a memory that is not shared.
    AtomicWaitNonSharedMemory = "atomic wait on non-shared memory",
    /// A suspension or a switch with a tag that no active handler handles.
    UnhandledTag = "unhandled tag",
    /// A continuation reference that was used before.
    ContinuationAlreadyConsumed = "continuation already consumed",
    /// An access to an array out of bounds.
    ArrayOutOfBounds = "out of bounds array access",
    /// A cast of a reference to a type that it does not have.
    CastFailure = "cast failure",
}

impl core::error::Error for Trap {}
