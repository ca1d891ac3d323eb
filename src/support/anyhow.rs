//! Errors for programs that use `anyhow`.

use super::error::Error;

impl From<Error> for anyhow::Error {
    fn from(error: Error) -> anyhow::Error {
        anyhow::Error::from_boxed(error.into_boxed_dyn_error())
    }
}
