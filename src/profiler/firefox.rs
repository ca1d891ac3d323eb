//! Profiles for the Firefox profiler.

use super::guest_profiler::Sample;
use crate::api::Result;
use alloc::vec::Vec;
use fxprof_processed_profile::{
    CategoryHandle, Frame, FrameFlags, FrameInfo, Profile, ReferenceTimestamp, SamplingInterval,
    Timestamp,
};
use std::io::Write;
use std::time::Duration;

pub(super) fn write(
    name: &str,
    interval: Duration,
    samples: &[Sample],
    out: impl Write,
) -> Result<()> {
    // No clock shows in a profile.
    let begin = ReferenceTimestamp::from_millis_since_unix_epoch(0.0);
    let interval = SamplingInterval::from_nanos(nanos(interval));
    let mut profile = Profile::new(name, begin, interval);
    let mut now = 0;
    let start = Timestamp::from_nanos_since_reference(now);
    let process = profile.add_process(name, 0, start);
    let thread = profile.add_thread(process, 0, start, true);
    for sample in samples {
        now += nanos(sample.time);
        let frames: Vec<_> = sample
            .names
            .iter()
            .map(|name| FrameInfo {
                frame: Frame::Label(profile.intern_string(name)),
                category_pair: CategoryHandle::OTHER.into(),
                flags: FrameFlags::empty(),
            })
            .collect();
        let stack = profile.intern_stack_frames(thread, frames.into_iter());
        let at = Timestamp::from_nanos_since_reference(now);
        profile.add_sample(thread, at, stack, sample.time.into(), 1);
    }
    let end = Timestamp::from_nanos_since_reference(now);
    profile.set_thread_end_time(thread, end);
    profile.set_process_end_time(process, end);
    serde_json::to_writer(out, &profile)?;
    Ok(())
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
