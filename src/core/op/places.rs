//! The schemas in which the library works.

use super::Home;
use crate::error::{Error, ErrorCode, Result};
use crate::ident::Name;
use crate::manifest::Column;

/// The schemas in which the library works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// The library's own, with the record.
    pub home: Name,
    /// Where tables are built, out of every reader's sight.
    pub staging: Name,
    /// Where the tables before the last swap stay as long as they are kept.
    pub previous: Name,
    /// The one the app reads.
    pub app: Name,
}

impl Places {
    /// `electric_replica`, `electric_replica_staging`, `electric_replica_previous`, and the app's schema.
    ///
    /// # Errors
    ///
    /// `INVALID_NAME` where the app's schema would be one of ours, or one that Postgres keeps for itself.
    pub fn new(app: Name) -> Result<Self> {
        let taken = [
            "electric_replica",
            "electric_replica_staging",
            "electric_replica_previous",
            "information_schema",
        ];
        if taken.contains(&app.as_str()) || app.as_str().starts_with("pg_") {
            let detail = [&*app.quoted(), " is not a schema for an app's tables"].concat();
            return Err(Error::new(ErrorCode::InvalidName, "choosing the app's schema", detail));
        }
        Ok(Self {
            home: Name::parse("electric_replica")?,
            staging: Name::parse("electric_replica_staging")?,
            previous: Name::parse("electric_replica_previous")?,
            app,
        })
    }

    pub(super) fn schema<'a>(&'a self, home: &'a Home) -> &'a Name {
        match home {
            Home::App(schema) => schema,
            Home::Staging => &self.staging,
        }
    }

    /// A column's type, where its enum type now stands.
    pub(super) fn type_sql(&self, column: &Column, home: &Home, staged_enums: &[Name]) -> String {
        let app = match home {
            Home::App(schema) => schema,
            Home::Staging => &self.app,
        };
        column.ty.sql(|name| {
            if staged_enums.contains(name) {
                &self.staging
            } else {
                app
            }
            .clone()
        })
    }
}
