//! The pure core of onsale: what a sale is, what may happen to it, and what did.
