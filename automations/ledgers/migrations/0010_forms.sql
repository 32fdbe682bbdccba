-- Forms made by themselves: of which rule and key, when, under which name ('' where the row had come so far before the program looked).
-- The row with the key '' says that a rule has been met.

CREATE TABLE form (
  workbook TEXT NOT NULL,
  rule TEXT NOT NULL,
  key TEXT NOT NULL,
  run_id INTEGER NOT NULL REFERENCES run (id),
  file TEXT NOT NULL,
  PRIMARY KEY (workbook, rule, key)
) WITHOUT ROWID;
