//! From SQLite's errors to what core can do about them.

use std::fmt;

use parlor_core::Fault;
use rusqlite::{ErrorCode, ffi};

/// What can go wrong inside a transaction.
#[derive(Debug)]
pub(super) enum Error {
    /// SQLite said so, or a cell was not of its column's type.
    Sql(rusqlite::Error),
    /// We saw it ourselves.
    Fault(Fault),
}

/// Short for what most functions here answer.
pub(super) type Result<T> = std::result::Result<T, Error>;

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Error {
        Error::Sql(error)
    }
}

impl From<rusqlite::types::FromSqlError> for Error {
    fn from(error: rusqlite::types::FromSqlError) -> Error {
        Error::Fault(Fault::Corrupt(format!("a cell holds something else than its column should: {error}")))
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Error {
        Error::Fault(fault)
    }
}

/// A row that can't be right.
pub(super) fn corrupt(what: impl fmt::Display) -> Error {
    Error::Fault(Fault::Corrupt(what.to_string()))
}

impl Error {
    /// What it means for a reader.
    pub(super) fn into_fault(self) -> Fault {
        let error = match self {
            Error::Fault(fault) => return fault,
            Error::Sql(error) => error,
        };
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Fault::Corrupt(error.to_string()),
            Some(ErrorCode::DiskFull) => Fault::DiskFull,
            Some(ErrorCode::SystemIoFailure) if is_damage(&error) => Fault::Corrupt(error.to_string()),
            Some(
                ErrorCode::SystemIoFailure
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::OutOfMemory
                | ErrorCode::CannotOpen
                | ErrorCode::PermissionDenied
                | ErrorCode::ReadOnly
                | ErrorCode::AuthorizationForStatementDenied,
            ) => Fault::Unavailable(error.to_string()),
            Some(_) => Fault::Internal(error.to_string()),
            None => match error {
                rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::IntegralValueOutOfRange(..)
                | rusqlite::Error::Utf8Error(..) => Fault::Corrupt(error.to_string()),
                other => Fault::Internal(other.to_string()),
            },
        }
    }

    /// Why nothing may be written any more, if that is what it means for the writer: a write or a flush failed, and
    /// what is on the disk is known only after a restart (PROMISES 2.1, 4).
    pub(super) fn fatal(&self) -> Option<String> {
        let Error::Sql(error) = self else { return None };
        let io = error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure);
        (io && !is_of_reading(error) && !is_of_shared_memory(error)).then(|| error.to_string())
    }

    /// Whether it leaves open what a commit did although the process may go on.
    pub(super) fn is_in_doubt(&self) -> bool {
        matches!(self, Error::Sql(error) if is_of_shared_memory(error))
    }
}

/// Whether the error is one of reading, which changed nothing.
fn is_of_reading(error: &rusqlite::Error) -> bool {
    let reading = [ffi::SQLITE_IOERR_READ, ffi::SQLITE_IOERR_SHORT_READ, ffi::SQLITE_IOERR_CORRUPTFS];
    error.sqlite_extended_error_code().is_some_and(|code| reading.contains(&code))
}

fn is_damage(error: &rusqlite::Error) -> bool {
    let damage = [ffi::SQLITE_IOERR_SHORT_READ, ffi::SQLITE_IOERR_CORRUPTFS, ffi::SQLITE_IOERR_DATA];
    error.sqlite_extended_error_code().is_some_and(|code| damage.contains(&code))
}

/// The index of the write-ahead log could not grow, mostly for want of space. It grows after the frames were written, so
/// they may come to life in a recovery; without one the next commit writes over them.
fn is_of_shared_memory(error: &rusqlite::Error) -> bool {
    let shared = [ffi::SQLITE_IOERR_SHMSIZE, ffi::SQLITE_IOERR_SHMMAP, ffi::SQLITE_IOERR_SHMOPEN];
    error.sqlite_extended_error_code().is_some_and(|code| shared.contains(&code))
}
