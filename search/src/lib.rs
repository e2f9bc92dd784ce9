//! ⑧ Finding events: by words, place, date and price.
