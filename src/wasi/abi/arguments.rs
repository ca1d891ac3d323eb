//! `args_*` and `environ_*`.

use super::Answer;
use super::errno::Errno;
use super::memory::GuestMemory;
use crate::wasi::WasiCtx;
use alloc::string::String;

/// Writes the texts one after another, each followed by a NUL, and an array of pointers to them.
fn write(
    memory: &mut GuestMemory<'_>,
    texts: &[String],
    pointers: u32,
    buffer: u32,
) -> Result<(), Errno> {
    let (count, size) = sizes(texts)?;
    memory.check(pointers, count.checked_mul(4).ok_or(Errno::Overflow)?)?;
    memory.check(buffer, size)?;
    let (mut pointers, mut at) = (pointers, buffer);
    for text in texts {
        memory.write_u32(pointers, at)?;
        memory.write(at, text.as_bytes())?;
        // This is inside the checked range. After the last text it may wrap to 0.
        at = at.wrapping_add(text.len() as u32);
        memory.write(at, &[0])?;
        at = at.wrapping_add(1);
        pointers = pointers.wrapping_add(4);
    }
    Ok(())
}

/// Returns the number of texts and the number of bytes they need.
fn sizes(texts: &[String]) -> Result<(u32, u32), Errno> {
    let count = u32::try_from(texts.len()).map_err(|_| Errno::Overflow)?;
    let size = texts
        .iter()
        .try_fold(0_usize, |sum, text| {
            sum.checked_add(text.len())?.checked_add(1)
        })
        .and_then(|size| u32::try_from(size).ok())
        .ok_or(Errno::Overflow)?;
    Ok((count, size))
}

fn write_sizes(
    memory: &mut GuestMemory<'_>,
    texts: &[String],
    count_at: u32,
    size_at: u32,
) -> Result<(), Errno> {
    let (count, size) = sizes(texts)?;
    memory.check(size_at, 4)?;
    memory.write_u32(count_at, count)?;
    memory.write_u32(size_at, size)
}

impl WasiCtx {
    pub(super) fn args_get(
        &mut self,
        memory: &mut GuestMemory<'_>,
        pointers: u32,
        buffer: u32,
    ) -> Answer {
        Ok(write(memory, &self.args, pointers, buffer)?)
    }

    pub(super) fn args_sizes_get(
        &mut self,
        memory: &mut GuestMemory<'_>,
        count: u32,
        size: u32,
    ) -> Answer {
        Ok(write_sizes(memory, &self.args, count, size)?)
    }

    pub(super) fn environ_get(
        &mut self,
        memory: &mut GuestMemory<'_>,
        pointers: u32,
        buffer: u32,
    ) -> Answer {
        Ok(write(memory, &self.env, pointers, buffer)?)
    }

    pub(super) fn environ_sizes_get(
        &mut self,
        memory: &mut GuestMemory<'_>,
        count: u32,
        size: u32,
    ) -> Answer {
        Ok(write_sizes(memory, &self.env, count, size)?)
    }
}
