//! An emulator of a processor of 8 bits, the 6502.
#![no_main]

use mos6502::cpu::CPU;
use mos6502::instruction::Nmos6502;
use mos6502::memory::{Bus, Memory};
use support::{Checksum, Random};

/// Adds up tables, mixes their bytes and writes them back.
const PROGRAM: &[u8] = &[
    0xa2, 0x00, // LDX #0
    0x18, // CLC
    0xbd, 0x00, 0x03, // LDA $0300,X
    0x7d, 0x00, 0x04, // ADC $0400,X
    0x2a, // ROL A
    0x45, 0x10, // EOR $10
    0x85, 0x10, // STA $10
    0x9d, 0x00, 0x03, // STA $0300,X
    0x20, 0x20, 0x02, // JSR $0220
    0xe8, // INX
    0xd0, 0xeb, // BNE $0202
    0x4c, 0x00, 0x02, // JMP $0200
    0, 0, 0, 0, 0, 0, 0,    // up to $0220
    0x48, // PHA
    0xe6, 0x11, // INC $11
    0x29, 0x3f, // AND #$3f
    0xc9, 0x20, // CMP #$20
    0xb0, 0x03, // BCS +3
    0xee, 0x05, 0x04, // INC $0405
    0x68, // PLA
    0x60, // RTS
];

/// Executes `n` thousand instructions.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x6502);
    let mut checksum = Checksum::new();
    let mut memory = Memory::new();
    for address in 0x300..0x500 {
        memory.set_byte(address, random.bits() as u8);
    }
    memory.set_bytes(0x200, PROGRAM);
    let mut processor = CPU::new(memory, Nmos6502);
    processor.registers.program_counter = 0x200;
    for _ in 0..n.max(1) {
        for _ in 0..1000 {
            processor.single_step();
        }
        checksum.word(u64::from(processor.registers.accumulator));
    }
    for address in 0..0x500 {
        checksum.word(u64::from(processor.memory.get_byte(address)));
    }
    checksum.finish()
}
