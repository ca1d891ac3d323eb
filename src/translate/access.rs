//! The bytes of memories that an instruction accesses.

/// An access of an instruction to a memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// The memory's index in the module.
    pub memory: u32,
    /// The operand that is the address, counted from the topmost one, which is 0.
    pub address: u32,
    /// The offset that is added to the address.
    pub offset: u64,
    /// The number of bytes.
    pub size: Size,
}

/// The number of bytes of an access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// A constant.
    Bytes(u64),
    /// The value of an operand, counted from the topmost one, which is 0.
    Operand(u32),
}
