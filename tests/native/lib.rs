//! Helpers of the native tests.
