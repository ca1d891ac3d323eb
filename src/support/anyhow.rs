//! Conversion to the errors of `anyhow`.

use super::error::Error;

impl From<Error> for anyhow::Error {
    fn from(error: Error) -> anyhow::Error {
        anyhow::Error::from_boxed(error.into_boxed_dyn_error())
    }
}
