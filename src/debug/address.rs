//! Code and memories as addresses of 64 bits, as LLDB has them for WebAssembly.

use gdbstub_arch::wasm::addr::{WasmAddr, WasmAddrType};

/// A memory, as far as an address names one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Space {
    /// The first memory of the instance whose code runs in the youngest frame of the thread that
    /// stopped. A pointer in the program is such an address.
    Current,
    /// The first memory of an instance of a module: that of [`Space::Current`] if its module is this
    /// one. Variables of a module at fixed addresses have such addresses.
    OfModule(u32),
}

/// The thing that an address stands for.
///
/// The two highest bits distinguish memories from code, the next 30 bits are 0 or the module's number
/// plus one, and the rest is the offset. LLDB adds nothing to a pointer of 32 bits, so 0 stands for
/// the memory that the pointer points into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Address {
    /// A byte of a module.
    Code {
        /// The module.
        module: u32,
        /// Offset in the module.
        offset: u32,
    },
    /// A byte of a memory.
    Memory {
        /// The memory.
        space: Space,
        /// Offset in the memory.
        offset: u32,
    },
}

impl Address {
    /// Decodes an address; `None` if it stands for nothing.
    pub fn from_raw(raw: u64) -> Option<Address> {
        let address = WasmAddr::from_raw(raw)?;
        let module = address.module_index().checked_sub(1);
        let offset = address.offset();
        Some(match (address.addr_type(), module) {
            (WasmAddrType::Memory, None) => Address::Memory {
                space: Space::Current,
                offset,
            },
            (WasmAddrType::Memory, Some(module)) => Address::Memory {
                space: Space::OfModule(module),
                offset,
            },
            (WasmAddrType::Object, Some(module)) => Address::Code { module, offset },
            (WasmAddrType::Object, None) => return None,
        })
    }

    /// Encodes the address; `None` if the module's number is too large.
    pub fn raw(self) -> Option<u64> {
        let (ty, number, offset) = match self {
            Address::Code { module, offset } => {
                (WasmAddrType::Object, module.checked_add(1)?, offset)
            }
            Address::Memory { space, offset } => {
                let number = match space {
                    Space::Current => 0,
                    Space::OfModule(module) => module.checked_add(1)?,
                };
                (WasmAddrType::Memory, number, offset)
            }
        };
        WasmAddr::new(ty, number, offset).map(WasmAddr::as_raw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_decoded_as_they_were_encoded() {
        for (raw, address) in [
            (
                0x12_3456,
                Address::Memory {
                    space: Space::Current,
                    offset: 0x12_3456,
                },
            ),
            (
                0x3_0000_0001,
                Address::Memory {
                    space: Space::OfModule(2),
                    offset: 1,
                },
            ),
            (
                0x4000_0001_0000_00ff,
                Address::Code {
                    module: 0,
                    offset: 0xff,
                },
            ),
        ] {
            assert_eq!(Address::from_raw(raw), Some(address));
            assert_eq!(address.raw(), Some(raw));
        }
    }

    #[test]
    fn what_stands_for_nothing_is_refused() {
        for raw in [1 << 62, 1 << 63, 3 << 62, u64::MAX] {
            assert_eq!(Address::from_raw(raw), None);
        }
        let module = (1 << 30) - 1;
        assert_eq!(Address::Code { module, offset: 0 }.raw(), None);
    }
}
