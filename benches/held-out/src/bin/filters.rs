//! An interpreter of eBPF: 64-bit registers, and decoding of every instruction.
#![no_main]

use rbpf::EbpfVmMbuff;
use rbpf::insn_builder::{Arch, BpfCode, Cond, Endian, Instruction, IntoBytes, MemSize, Source};
use support::{Checksum, Random};

/// Runs a filter over `n` packets.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0xeb9f);
    let mut checksum = Checksum::new();
    let mut code = BpfCode::new();
    // The address of the packet is the first field of the metadata.
    code.load_x(MemSize::DoubleWord)
        .set_dst(1)
        .set_src(1)
        .set_off(8)
        .push();
    code.mov(Source::Imm, Arch::X64)
        .set_dst(0)
        .set_imm(7)
        .push();
    code.mov(Source::Imm, Arch::X64)
        .set_dst(2)
        .set_imm(60)
        .push();
    code.load_x(MemSize::Word).set_dst(3).set_src(1).push();
    code.swap_bytes(Endian::Big).set_dst(3).set_imm(32).push();
    code.add(Source::Reg, Arch::X64)
        .set_dst(0)
        .set_src(3)
        .push();
    code.mul(Source::Imm, Arch::X64)
        .set_dst(0)
        .set_imm(31)
        .push();
    code.mov(Source::Reg, Arch::X64)
        .set_dst(4)
        .set_src(0)
        .push();
    code.right_shift(Source::Imm, Arch::X64)
        .set_dst(4)
        .set_imm(9)
        .push();
    code.bit_xor(Source::Reg, Arch::X64)
        .set_dst(0)
        .set_src(4)
        .push();
    code.add(Source::Imm, Arch::X64)
        .set_dst(1)
        .set_imm(4)
        .push();
    code.sub(Source::Imm, Arch::X64)
        .set_dst(2)
        .set_imm(1)
        .push();
    code.jump_conditional(Cond::NotEquals, Source::Imm)
        .set_dst(2)
        .set_imm(0)
        .set_off(-10)
        .push();
    code.exit().push();
    let mut machine = EbpfVmMbuff::new(Some(code.into_bytes())).expect("a valid filter");
    machine
        .set_program(code.into_bytes())
        .expect("a valid filter");
    for _ in 0..n.max(1) {
        let packet = random.bytes(256);
        let mut metadata = [0; 32];
        metadata[8..16].copy_from_slice(&(packet.as_ptr() as u64).to_le_bytes());
        let result = machine.execute_program(&packet, &metadata);
        checksum.word(result.expect("accesses in bounds"));
    }
    checksum.finish()
}
