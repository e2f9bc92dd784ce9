//! Where onsale's events live and how their facts survive: placement, raft groups, the journal.
