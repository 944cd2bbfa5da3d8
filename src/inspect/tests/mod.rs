//! Inspections of replicas made up, and the diagrams of them.

mod diagrams;
mod inspections;
mod support;
