//! The error type of the library.
//!
//! An [`Error`] is a chain. Its root is the original error: a [`Trap`](crate::Trap), an error of
//! a host function, or a message. Above it are the contexts that were added on the way out, the
//! outermost first. Each link can be downcast to its type.
//!
//! # Why
//!
//! * It is one pointer wide, so that `Result<(), Error>` fits in a register: every call of a
//!   function returns one.
//! * It is a box of a box instead of a box with a manual vtable. Errors are created where
//!   execution ends, so the second allocation is acceptable, and it avoids `unsafe` code.
//! * `Error` does not implement [`core::error::Error`]. If it did, `?` could not convert every
//!   error that does into an `Error`. [`Error::into_boxed_dyn_error`] converts it to a type that
//!   implements the trait.

use alloc::boxed::Box;
use alloc::string::String;
use core::any::Any;
use core::convert::Infallible;
use core::error::Error as StdError;
use core::fmt::{self, Debug, Display, Write};
use core::ops::Deref;

pub use crate::{bail, ensure, format_err};

/// The result type of the library's functions.
pub type Result<T, E = Error> = core::result::Result<T, E>;

/// An error with the contexts in which it occurred.
///
/// ```
/// use backstitch::{Error, Trap};
///
/// let error = Error::new(Trap::OutOfFuel).context("while rendering");
/// assert_eq!(error.to_string(), "while rendering");
/// assert_eq!(
///     format!("{error:#}"),
///     "while rendering: wasm trap: all fuel consumed by WebAssembly",
/// );
/// assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::OutOfFuel));
/// ```
pub struct Error(Box<Box<dyn Link>>);

const _: () = assert!(size_of::<Error>() == size_of::<usize>());
const _: () = assert!(size_of::<Result<()>>() == size_of::<usize>());

/// A link of the chain.
trait Link: Send + Sync + 'static {
    /// Returns the value that callers downcast to.
    fn value(&self) -> &dyn Any;
    fn value_mut(&mut self) -> &mut dyn Any;
    /// Returns the link as a standard error.
    fn as_error(&self) -> &(dyn StdError + Send + Sync + 'static);
    fn into_error(self: Box<Self>) -> Box<dyn StdError + Send + Sync + 'static>;
    /// Returns the rest of the chain.
    fn below(&self) -> Option<&Error>;
    fn below_mut(&mut self) -> Option<&mut Error>;
    fn into_parts(self: Box<Self>) -> (Box<dyn Any>, Option<Error>);
}

/// The root of a chain if it is a standard error.
struct Root<E>(E);

impl<E: StdError + Send + Sync + 'static> Link for Root<E> {
    fn value(&self) -> &dyn Any {
        &self.0
    }
    fn value_mut(&mut self) -> &mut dyn Any {
        &mut self.0
    }
    fn as_error(&self) -> &(dyn StdError + Send + Sync + 'static) {
        &self.0
    }
    fn into_error(self: Box<Self>) -> Box<dyn StdError + Send + Sync + 'static> {
        Box::new(self.0)
    }
    fn below(&self) -> Option<&Error> {
        None
    }
    fn below_mut(&mut self) -> Option<&mut Error> {
        None
    }
    fn into_parts(self: Box<Self>) -> (Box<dyn Any>, Option<Error>) {
        (Box::new(self.0), None)
    }
}

/// The root of a chain if it can only be displayed.
struct Message<M>(M);

impl<M: Display> Debug for Message<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(&self.0, f)
    }
}

impl<M: Display> Display for Message<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(&self.0, f)
    }
}

impl<M: Display> StdError for Message<M> {}

impl<M: Display + Send + Sync + 'static> Link for Message<M> {
    fn value(&self) -> &dyn Any {
        &self.0
    }
    fn value_mut(&mut self) -> &mut dyn Any {
        &mut self.0
    }
    fn as_error(&self) -> &(dyn StdError + Send + Sync + 'static) {
        self
    }
    fn into_error(self: Box<Self>) -> Box<dyn StdError + Send + Sync + 'static> {
        self
    }
    fn below(&self) -> Option<&Error> {
        None
    }
    fn below_mut(&mut self) -> Option<&mut Error> {
        None
    }
    fn into_parts(self: Box<Self>) -> (Box<dyn Any>, Option<Error>) {
        (Box::new(self.0), None)
    }
}

/// The root of a chain if its concrete type is not known.
struct Boxed(Box<dyn StdError + Send + Sync + 'static>);

impl Link for Boxed {
    fn value(&self) -> &dyn Any {
        &self.0
    }
    fn value_mut(&mut self) -> &mut dyn Any {
        &mut self.0
    }
    fn as_error(&self) -> &(dyn StdError + Send + Sync + 'static) {
        &*self.0
    }
    fn into_error(self: Box<Self>) -> Box<dyn StdError + Send + Sync + 'static> {
        self.0
    }
    fn below(&self) -> Option<&Error> {
        None
    }
    fn below_mut(&mut self) -> Option<&mut Error> {
        None
    }
    fn into_parts(self: Box<Self>) -> (Box<dyn Any>, Option<Error>) {
        (Box::new(self.0), None)
    }
}

/// A context and the error it was added to.
struct Contextual<C> {
    context: C,
    below: Error,
}

impl<C: Display> Debug for Contextual<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("context", &format_args!("{}", self.context))
            .field("source", &self.below)
            .finish()
    }
}

impl<C: Display> Display for Contextual<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(&self.context, f)
    }
}

impl<C: Display> StdError for Contextual<C> {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(self.below.0.as_error())
    }
}

impl<C: Display + Send + Sync + 'static> Link for Contextual<C> {
    fn value(&self) -> &dyn Any {
        &self.context
    }
    fn value_mut(&mut self) -> &mut dyn Any {
        &mut self.context
    }
    fn as_error(&self) -> &(dyn StdError + Send + Sync + 'static) {
        self
    }
    fn into_error(self: Box<Self>) -> Box<dyn StdError + Send + Sync + 'static> {
        self
    }
    fn below(&self) -> Option<&Error> {
        Some(&self.below)
    }
    fn below_mut(&mut self) -> Option<&mut Error> {
        Some(&mut self.below)
    }
    fn into_parts(self: Box<Self>) -> (Box<dyn Any>, Option<Error>) {
        (Box::new(self.context), Some(self.below))
    }
}

impl Error {
    fn link(link: impl Link) -> Error {
        Error(Box::new(Box::new(link)))
    }

    /// Creates an error from a standard error, which [`Error::downcast_ref`] can return.
    #[cold]
    pub fn new<E>(error: E) -> Error
    where
        E: StdError + Send + Sync + 'static,
    {
        Error::link(Root(error))
    }

    /// Creates an error from a message.
    #[cold]
    pub fn msg<M>(message: M) -> Error
    where
        M: Display + Debug + Send + Sync + 'static,
    {
        Error::link(Message(message))
    }

    /// Creates an error from a boxed standard error. It cannot be downcast to the error's
    /// concrete type.
    #[cold]
    pub fn from_boxed(error: Box<dyn StdError + Send + Sync + 'static>) -> Error {
        Error::link(Boxed(error))
    }

    /// Creates an error that suspends the running execution if a host function returns it. The
    /// execution passes `payload` to its embedder in a [`HostRequest`], and can be resumed with
    /// the host function's results.
    ///
    /// In a synchronous call, which cannot be suspended, it is an error like any other.
    #[cold]
    pub fn suspend<P>(payload: P) -> Error
    where
        P: Any + Send + Sync,
    {
        Error::new(HostRequest {
            payload: Box::new(payload),
            refused: false,
        })
    }

    /// Returns whether the execution suspends when a host function returns this error.
    pub(crate) fn asks_to_suspend(&self) -> bool {
        self.downcast_ref::<HostRequest>()
            .is_some_and(|request| !request.refused)
    }

    /// Adds a context, which is displayed before the error.
    #[cold]
    pub fn context<C>(self, context: C) -> Error
    where
        C: Display + Send + Sync + 'static,
    {
        Error::link(Contextual {
            context,
            below: self,
        })
    }

    fn links(&self) -> impl Iterator<Item = &dyn Link> {
        core::iter::successors(Some(self), |error| error.0.below()).map(|error| &**error.0)
    }

    /// Returns whether the chain contains an error or a context of this type.
    pub fn is<E>(&self) -> bool
    where
        E: Display + Debug + Send + Sync + 'static,
    {
        self.downcast_ref::<E>().is_some()
    }

    /// Returns the outermost error or context of this type.
    pub fn downcast_ref<E>(&self) -> Option<&E>
    where
        E: Display + Debug + Send + Sync + 'static,
    {
        self.links().find_map(|link| link.value().downcast_ref())
    }

    /// Returns a mutable reference to the outermost error or context of this type.
    pub fn downcast_mut<E>(&mut self) -> Option<&mut E>
    where
        E: Display + Debug + Send + Sync + 'static,
    {
        let mut error = self;
        while !error.0.value().is::<E>() {
            error = error.0.below_mut()?;
        }
        error.0.value_mut().downcast_mut()
    }

    /// Takes the outermost error or context of this type out of the chain and drops the rest.
    ///
    /// # Errors
    ///
    /// The error itself if it contains no such type.
    pub fn downcast<E>(self) -> core::result::Result<E, Error>
    where
        E: Display + Debug + Send + Sync + 'static,
    {
        if !self.is::<E>() {
            return Err(self);
        }
        let mut error = self;
        loop {
            let (value, below) = error.0.into_parts();
            match (value.downcast(), below) {
                (Ok(value), _) => return Ok(*value),
                (Err(_), Some(below)) => error = below,
                (Err(_), None) => unreachable!("a link of this type was found before"),
            }
        }
    }

    /// Removes the outermost context if it is a `C`. Returns the context and the error it was
    /// added to.
    ///
    /// # Errors
    ///
    /// The error itself if its outermost link is not a `C` or is the root.
    pub fn pop_context<C: Any>(self) -> core::result::Result<(C, Error), Error> {
        if !self.0.value().is::<C>() || self.0.below().is_none() {
            return Err(self);
        }
        let (context, below) = self.0.into_parts();
        let context = context.downcast().expect("its type was checked above");
        Ok((*context, below.expect("checked above")))
    }

    /// Returns an iterator over the chain, from the outermost context to the root, followed by
    /// the sources of the root.
    pub fn chain(&self) -> Chain<'_> {
        Chain {
            next: Some(self.0.as_error()),
        }
    }

    /// Returns the last error of the chain.
    pub fn root_cause(&self) -> &(dyn StdError + 'static) {
        let mut cause: &(dyn StdError + 'static) = self.0.as_error();
        while let Some(next) = cause.source() {
            cause = next;
        }
        cause
    }

    /// Converts the error to a boxed standard error. Without contexts, this is the error that it
    /// was created from.
    pub fn into_boxed_dyn_error(self) -> Box<dyn StdError + Send + Sync + 'static> {
        self.0.into_error()
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.as_error())?;
        if f.alternate() {
            for cause in self.chain().skip(1) {
                write!(f, ": {cause}")?;
            }
        }
        Ok(())
    }
}

impl Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            return Debug::fmt(self.0.as_error(), f);
        }
        write!(f, "{}", self.0.as_error())?;
        let numbered = self.chain().nth(2).is_some();
        for (number, cause) in self.chain().skip(1).enumerate() {
            if number == 0 {
                f.write_str("\n\nCaused by:")?;
            }
            f.write_char('\n')?;
            let width = if numbered {
                write!(f, "{number:>5}: ")?;
                7
            } else {
                f.write_str("    ")?;
                4
            };
            write!(
                Indented {
                    f,
                    width,
                    at_line_start: false
                },
                "{cause}"
            )?;
        }
        Ok(())
    }
}

/// A writer that indents all lines but the first.
struct Indented<'a, 'b> {
    f: &'a mut fmt::Formatter<'b>,
    width: usize,
    at_line_start: bool,
}

impl Write for Indented<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for line in text.split_inclusive('\n') {
            if self.at_line_start && line != "\n" {
                write!(self.f, "{:width$}", "", width = self.width)?;
            }
            self.f.write_str(line)?;
            self.at_line_start = line.ends_with('\n');
        }
        Ok(())
    }
}

impl Deref for Error {
    type Target = dyn StdError + Send + Sync + 'static;

    fn deref(&self) -> &Self::Target {
        self.0.as_error()
    }
}

impl AsRef<dyn StdError + Send + Sync + 'static> for Error {
    fn as_ref(&self) -> &(dyn StdError + Send + Sync + 'static) {
        self.0.as_error()
    }
}

impl<E> From<E> for Error
where
    E: StdError + Send + Sync + 'static,
{
    #[cold]
    fn from(error: E) -> Error {
        Error::new(error)
    }
}

impl From<Error> for Box<dyn StdError + Send + Sync + 'static> {
    fn from(error: Error) -> Self {
        error.into_boxed_dyn_error()
    }
}

impl From<Error> for Box<dyn StdError + Send + 'static> {
    fn from(error: Error) -> Self {
        error.into_boxed_dyn_error()
    }
}

impl From<Error> for Box<dyn StdError + 'static> {
    fn from(error: Error) -> Self {
        error.into_boxed_dyn_error()
    }
}

/// An iterator over the errors of a chain. See [`Error::chain`].
#[derive(Clone, Debug)]
pub struct Chain<'a> {
    next: Option<&'a (dyn StdError + 'static)>,
}

impl<'a> Iterator for Chain<'a> {
    type Item = &'a (dyn StdError + 'static);

    fn next(&mut self) -> Option<Self::Item> {
        let error = self.next?;
        self.next = error.source();
        Some(error)
    }
}

/// A host function's request to suspend its execution. See [`Error::suspend`].
#[derive(Debug)]
pub struct HostRequest {
    payload: Box<dyn Any + Send + Sync>,
    /// True if the request comes from a call that could not be suspended. It is then an error
    /// like any other: a host function that passes it on does not suspend its own caller.
    pub(crate) refused: bool,
}

impl HostRequest {
    /// Returns the payload if it is of this type.
    pub fn downcast_ref<P: Any>(&self) -> Option<&P> {
        self.payload.downcast_ref()
    }

    /// Takes the payload out if it is of this type.
    ///
    /// # Errors
    ///
    /// The request itself if the payload is of another type.
    pub fn downcast<P: Any>(self) -> core::result::Result<P, HostRequest> {
        match self.payload.downcast() {
            Ok(payload) => Ok(*payload),
            Err(payload) => Err(HostRequest { payload, ..self }),
        }
    }
}

impl Display for HostRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a host function asked to suspend, inside a call that cannot be suspended \
             (only one that was started with `Func::start` can be)",
        )
    }
}

impl StdError for HostRequest {}

/// Extension trait for adding contexts to results and options.
///
/// ```
/// use backstitch::error::Context;
///
/// let error = "x".parse::<u32>().context("the first argument").unwrap_err();
/// assert_eq!(format!("{error:#}"), "the first argument: invalid digit found in string");
/// ```
pub trait Context<T, E>: sealed::Sealed {
    /// Adds a context to the error. For an option, `None` becomes an error with this message.
    ///
    /// # Errors
    ///
    /// The error with the context, if there is one.
    fn context<C>(self, context: C) -> Result<T>
    where
        C: Display + Send + Sync + 'static;

    /// Adds a context that is only created if there is an error.
    ///
    /// # Errors
    ///
    /// The error with the context, if there is one.
    fn with_context<C, F>(self, context: F) -> Result<T>
    where
        C: Display + Send + Sync + 'static,
        F: FnOnce() -> C;
}

mod sealed {
    /// Restricts implementations of [`super::Context`] to this module.
    pub trait Sealed {}
    impl<T, E> Sealed for core::result::Result<T, E> {}
    impl<T> Sealed for Option<T> {}
}

impl<T, E> Context<T, E> for core::result::Result<T, E>
where
    E: StdError + Send + Sync + 'static,
{
    fn context<C>(self, context: C) -> Result<T>
    where
        C: Display + Send + Sync + 'static,
    {
        self.map_err(|error| Error::new(error).context(context))
    }

    fn with_context<C, F>(self, context: F) -> Result<T>
    where
        C: Display + Send + Sync + 'static,
        F: FnOnce() -> C,
    {
        self.map_err(|error| Error::new(error).context(context()))
    }
}

impl<T> Context<T, Error> for Result<T> {
    fn context<C>(self, context: C) -> Result<T>
    where
        C: Display + Send + Sync + 'static,
    {
        self.map_err(|error| error.context(context))
    }

    fn with_context<C, F>(self, context: F) -> Result<T>
    where
        C: Display + Send + Sync + 'static,
        F: FnOnce() -> C,
    {
        self.map_err(|error| error.context(context()))
    }
}

impl<T> Context<T, Infallible> for Option<T> {
    fn context<C>(self, context: C) -> Result<T>
    where
        C: Display + Send + Sync + 'static,
    {
        self.ok_or_else(|| Error::link(Message(context)))
    }

    fn with_context<C, F>(self, context: F) -> Result<T>
    where
        C: Display + Send + Sync + 'static,
        F: FnOnce() -> C,
    {
        self.ok_or_else(|| Error::link(Message(context())))
    }
}

#[doc(hidden)]
#[cold]
pub fn from_format_args(arguments: fmt::Arguments<'_>) -> Error {
    match arguments.as_str() {
        Some(text) => Error::link(Message(text)),
        None => Error::link(Message(alloc::fmt::format(arguments) as String)),
    }
}

/// Creates an [`Error`] from a message, with the arguments of `format!`.
#[macro_export]
macro_rules! format_err {
    ($message:literal $(, $($arguments:tt)*)?) => {
        $crate::error::from_format_args(::core::format_args!($message $(, $($arguments)*)?))
    };
    ($error:expr $(,)?) => {
        $crate::Error::from($error)
    };
}

/// Returns early with an [`Error`] created by [`format_err!`](crate::format_err).
#[macro_export]
macro_rules! bail {
    ($($arguments:tt)*) => {
        return ::core::result::Result::Err($crate::format_err!($($arguments)*))
    };
}

/// Returns early with an [`Error`] unless a condition holds.
#[macro_export]
macro_rules! ensure {
    ($condition:expr $(,)?) => {
        $crate::ensure!(
            $condition,
            "Condition failed: `{}`",
            ::core::stringify!($condition)
        )
    };
    ($condition:expr, $($arguments:tt)*) => {
        if !$condition {
            $crate::bail!($($arguments)*);
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::ToString;
    use alloc::vec::Vec;

    #[derive(Debug, PartialEq)]
    struct Low;
    impl Display for Low {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("low")
        }
    }
    impl StdError for Low {}

    #[derive(Debug)]
    struct High(Low);
    impl Display for High {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("high")
        }
    }
    impl StdError for High {
        fn source(&self) -> Option<&(dyn StdError + 'static)> {
            Some(&self.0)
        }
    }

    fn shared<T: Send + Sync>(_: &T) {}

    #[test]
    fn prints_as_anyhow_does() {
        let error = Error::new(Low);
        shared(&error);
        assert_eq!(format!("{error} {error:#} {error:?}"), "low low low");

        let error = error.context("one");
        assert_eq!(error.to_string(), "one");
        assert_eq!(format!("{error:#}"), "one: low");
        assert_eq!(format!("{error:?}"), "one\n\nCaused by:\n    low");

        let error = error.context("two\nlines").context("three");
        assert_eq!(
            format!("{error:?}"),
            "three\n\nCaused by:\n    0: two\n       lines\n    1: one\n    2: low"
        );
    }

    #[test]
    fn every_link_is_found_by_its_type() {
        let mut error = Error::new(Low).context(7_u8).context("outer");
        assert!(error.is::<Low>() && error.is::<u8>() && error.is::<&str>());
        assert!(!error.is::<u16>());
        *error.downcast_mut::<u8>().unwrap() += 1;
        assert_eq!(error.downcast_ref::<u8>(), Some(&8));
        let error = error.downcast::<u16>().unwrap_err();
        assert_eq!(error.downcast::<Low>().unwrap(), Low);
        assert_eq!(Error::msg("text").downcast::<&str>().unwrap(), "text");
    }

    #[test]
    fn the_chain_goes_on_through_sources() {
        let error = Error::new(High(Low)).context("top");
        let texts: Vec<_> = error.chain().map(|error| error.to_string()).collect();
        assert_eq!(texts, ["top", "high", "low"]);
        assert!(error.root_cause().is::<Low>());
        assert!(error.chain().nth(1).unwrap().is::<High>());
        assert!(Error::new(Low).into_boxed_dyn_error().is::<Low>());
    }

    #[test]
    fn results_and_options_take_contexts() {
        fn fails() -> Result<()> {
            Err(Low)?;
            Ok(())
        }
        assert_eq!(
            format!("{:#}", fails().context("ctx").unwrap_err()),
            "ctx: low"
        );
        assert_eq!(
            None::<u8>.with_context(|| "none").unwrap_err().to_string(),
            "none"
        );
        fn ensures(n: u8) -> Result<u8> {
            crate::ensure!(n > 1, "{n} is too small");
            crate::ensure!(n > 2);
            Ok(n)
        }
        assert_eq!(ensures(1).unwrap_err().to_string(), "1 is too small");
        assert_eq!(
            ensures(2).unwrap_err().to_string(),
            "Condition failed: `n > 2`"
        );
        assert_eq!(ensures(3).unwrap(), 3);
    }

    #[test]
    fn a_request_gives_its_payload_back() {
        let error = Error::suspend(5_u32).context("asked");
        let request = error.downcast::<HostRequest>().unwrap();
        assert_eq!(request.downcast_ref::<u32>(), Some(&5));
        let request = request.downcast::<i8>().unwrap_err();
        assert_eq!(request.downcast::<u32>().unwrap(), 5);
    }
}
