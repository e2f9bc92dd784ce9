//! onsale-bench: traces, the open-loop replay, the history checker and the reports.
