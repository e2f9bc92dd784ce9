//! The onsale node.
