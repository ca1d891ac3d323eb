//! `poll_oneoff`.
//!
//! Subscriptions stay in the program's memory and are read again in each pass. So the number of
//! subscriptions does not cause allocations.

use super::errno::Errno;
use super::memory::GuestMemory;
use super::types::Clock;
use super::{Answer, Refusal, Wait};
use crate::support::error::Error;
use crate::wasi::host::{Host, Readiness};
use crate::wasi::{WaitedTooLong, WasiCtx};
use core::time::Duration;

const SUBSCRIPTION: u32 = 48;
const EVENT: u32 = 32;

/// Interval in nanoseconds at which streams are polled if a call waits for more than one of
/// them, since the host can wait on only one.
const LOOK_AWAY: u64 = 10_000_000;

/// Times of the wall clock and the monotonic clock when a call began, to which relative timeouts
/// refer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Starts(pub(super) [Option<u64>; 2]);

impl Starts {
    fn of(&mut self, clock: Clock, now: u64) -> u64 {
        *self.0[clock as usize].get_or_insert(now)
    }
}

/// A subscription in the program's memory.
enum Subscription {
    Clock {
        clock: u32,
        timeout: u64,
        flags: u16,
    },
    Read(u32),
    Write(u32),
}

/// The state of a subscription.
enum Standing {
    Event { bytes: u64, hangup: bool },
    Due(u64),
    Input,
}

fn subscription(memory: &GuestMemory<'_>, at: u32) -> Result<Subscription, Errno> {
    let part = |offset: u32| at.checked_add(offset).ok_or(Errno::Fault);
    match memory.read_u8(part(8)?)? {
        0 => Ok(Subscription::Clock {
            clock: memory.read_u32(part(16)?)?,
            timeout: memory.read_u64(part(24)?)?,
            flags: memory.read_u16(part(40)?)?,
        }),
        1 => Ok(Subscription::Read(memory.read_u32(part(16)?)?)),
        2 => Ok(Subscription::Write(memory.read_u32(part(16)?)?)),
        _ => Err(Errno::Inval),
    }
}

/// Returns the state of a clock subscription.
fn clock_standing(
    host: &mut dyn Host,
    starts: &mut Starts,
    clock: u32,
    timeout: u64,
    flags: u16,
) -> Result<Standing, Errno> {
    let clock = Clock::from_number(clock)?;
    // Processor time does not pass while the program waits, so the wait could last for ever.
    if matches!(clock, Clock::ProcessCpuTime | Clock::ThreadCpuTime) {
        return Err(Errno::Inval);
    }
    let now = host.clock_time(clock)?;
    let due = match flags {
        0 => starts.of(clock, now).saturating_add(timeout),
        1 => timeout,
        _ => return Err(Errno::Inval),
    };
    Ok(if now >= due {
        Standing::Event {
            bytes: 0,
            hangup: false,
        }
    } else {
        Standing::Due(due - now)
    })
}

/// The conditions to wait for if no subscription has an event.
#[derive(Default)]
struct Waiting {
    nanoseconds: Option<u64>,
    input: Option<u32>,
    inputs: u32,
}

/// The time that a call may still wait.
pub(super) struct Patience {
    limit: Duration,
    /// Time of the monotonic clock when the wait began.
    begun: Option<u64>,
}

impl Patience {
    /// Returns the remaining time in nanoseconds. If the host has no monotonic clock, each wait
    /// gets the whole time.
    pub(super) fn left(&mut self, host: &mut dyn Host) -> Result<u64, Refusal> {
        let limit = u64::try_from(self.limit.as_nanos()).unwrap_or(u64::MAX);
        let Ok(now) = host.clock_time(Clock::Monotonic) else {
            return Ok(limit);
        };
        let waited = now.saturating_sub(*self.begun.get_or_insert(now));
        match limit.checked_sub(waited) {
            Some(left) if left > 0 => Ok(left),
            _ => Err(Refusal::End(Error::new(WaitedTooLong(self.limit)))),
        }
    }
}

impl WasiCtx {
    /// Returns the time limit for a call that begins now, if the context has one.
    pub(super) fn patience(&self) -> Option<Patience> {
        self.max_wait.map(|limit| Patience { limit, begun: None })
    }

    pub(super) fn poll_oneoff(
        &mut self,
        memory: &mut GuestMemory<'_>,
        subscriptions: u32,
        events: u32,
        count: u32,
        result: u32,
    ) -> Answer {
        if count == 0 {
            return Err(Errno::Inval.into());
        }
        let size = |each: u32| count.checked_mul(each).ok_or(Errno::Fault);
        memory.check(subscriptions, size(SUBSCRIPTION)?)?;
        memory.check(events, size(EVENT)?)?;
        memory.check(result, 4)?;
        let mut patience = self.patience();
        loop {
            let mut waiting = Waiting::default();
            let happened = self.look(memory, subscriptions, events, count, &mut waiting)?;
            if happened > 0 {
                return Ok(memory.write_u32(result, happened)?);
            }
            if self.suspend_when_blocked {
                return Err(Refusal::Blocked(Wait {
                    nanoseconds: waiting.nanoseconds,
                    input: waiting.input.is_some(),
                }));
            }
            if let Some(patience) = &mut patience {
                let left = patience.left(&mut *self.host)?;
                waiting.nanoseconds = Some(waiting.nanoseconds.unwrap_or(left).min(left));
            }
            self.wait(&waiting)?;
        }
    }

    /// Checks each subscription once and writes the events that have occurred.
    fn look(
        &mut self,
        memory: &mut GuestMemory<'_>,
        subscriptions: u32,
        events: u32,
        count: u32,
        waiting: &mut Waiting,
    ) -> Result<u32, Errno> {
        let mut happened = 0;
        for index in 0..count {
            // `poll_oneoff` has checked that this does not overflow for any index.
            let at = subscriptions + index * SUBSCRIPTION;
            let subscription = subscription(memory, at)?;
            let kind = match subscription {
                Subscription::Clock { .. } => 0,
                Subscription::Read(_) => 1,
                Subscription::Write(_) => 2,
            };
            let (errno, bytes, hangup) = match self.standing(&subscription) {
                Ok(Standing::Event { bytes, hangup }) => (0, bytes, hangup),
                Err(errno) => (errno.number(), 0, false),
                Ok(Standing::Due(nanoseconds)) => {
                    let least = waiting.nanoseconds.unwrap_or(u64::MAX);
                    waiting.nanoseconds = Some(least.min(nanoseconds));
                    continue;
                }
                Ok(Standing::Input) => {
                    if let Subscription::Read(fd) = subscription {
                        waiting.input = Some(fd);
                        waiting.inputs += 1;
                    }
                    continue;
                }
            };
            let mut event = [0; EVENT as usize];
            event[0..8].copy_from_slice(&memory.read_u64(at)?.to_le_bytes());
            event[8..10].copy_from_slice(&errno.to_le_bytes());
            event[10] = kind;
            event[16..24].copy_from_slice(&bytes.to_le_bytes());
            event[24] = u8::from(hangup);
            memory.write(events + happened * EVENT, &event)?;
            happened += 1;
        }
        Ok(happened)
    }

    fn standing(&mut self, subscription: &Subscription) -> Result<Standing, Errno> {
        match *subscription {
            Subscription::Clock {
                clock,
                timeout,
                flags,
            } => clock_standing(&mut *self.host, &mut self.starts, clock, timeout, flags),
            Subscription::Read(fd) => Ok(match self.table.get_mut(fd)?.readiness()? {
                Readiness::Ready { bytes, hangup } => Standing::Event { bytes, hangup },
                Readiness::Pending => Standing::Input,
            }),
            Subscription::Write(fd) => {
                self.table.get(fd)?.writable()?;
                Ok(Standing::Event {
                    bytes: 0,
                    hangup: false,
                })
            }
        }
    }

    /// Waits for the first of the conditions, or for less.
    fn wait(&mut self, waiting: &Waiting) -> Result<(), Errno> {
        let mut nanoseconds = waiting.nanoseconds;
        if waiting.inputs > 1 {
            nanoseconds = Some(nanoseconds.unwrap_or(u64::MAX).min(LOOK_AWAY));
        }
        match (waiting.input, nanoseconds) {
            (Some(fd), _) => {
                let object = &mut self.table.get_mut(fd)?.object;
                object.source().ok_or(Errno::Badf)?.wait(nanoseconds)?;
            }
            (None, Some(nanoseconds)) => self.host.sleep(nanoseconds)?,
            // A subscription without an event waits for a time or for input.
            (None, None) => return Err(Errno::Inval),
        }
        Ok(())
    }
}
