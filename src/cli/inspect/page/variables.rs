//! The variables of the program's source in the page.

use crate::cli::inspect::inspection::{Inspection, Subject};
use crate::cli::inspect::json;
use backstitch::coredump::Frame;

/// Number of frames in a page that have variables. Finding them takes time in proportion to the debugging
/// information of the frame's compilation unit.
const MOST_FRAMES: usize = 1000;

/// Chooses the frames that have variables: of each thread, the youngest.
pub(super) struct Variables {
    /// Number of frames of each thread that have variables.
    of_thread: usize,
    /// Number of frames of this thread that may still have some.
    left: usize,
}

impl Variables {
    pub(super) fn new(inspection: &Inspection<'_>) -> Variables {
        let threads = inspection.dump.threads().len();
        Variables {
            of_thread: MOST_FRAMES.checked_div(threads).unwrap_or(0).max(1),
            left: 0,
        }
    }

    /// Goes on with the youngest frame of the next thread.
    pub(super) fn start_thread(&mut self) {
        self.left = self.of_thread;
    }

    /// Returns the variables of the next frame. `None` if they are left out.
    pub(super) fn of(
        &mut self,
        inspection: &Inspection<'_>,
        frame: &Frame,
        subject: &Subject,
    ) -> Option<Vec<json::Scope>> {
        self.left = self.left.checked_sub(1)?;
        Some(json::scopes(inspection, frame, subject))
    }
}
