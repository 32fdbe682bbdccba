-- A change may be a row appended to a table the program keeps: `kind` takes 'row'. SQLite changes a CHECK only by a new table.

CREATE TABLE change_with_rows (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  run_id INTEGER NOT NULL REFERENCES run (id),
  kind TEXT NOT NULL CHECK (kind IN ('cell', 'key', 'row')),
  table_name TEXT NOT NULL,
  key TEXT NOT NULL,
  column_name TEXT NOT NULL,
  row_at INTEGER NOT NULL,
  old_value TEXT NOT NULL,
  new_value TEXT NOT NULL,
  rule TEXT NOT NULL,
  content TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('planned', 'applied', 'refused')),
  reason TEXT NOT NULL DEFAULT '',
  UNIQUE (run_id, table_name, key, column_name)
);
INSERT INTO change_with_rows (id, run_id, kind, table_name, key, column_name, row_at, old_value, new_value, rule, content, state, reason)
SELECT id, run_id, kind, table_name, key, column_name, row_at, old_value, new_value, rule, content, state, reason FROM change ORDER BY id;
DROP TABLE change;
ALTER TABLE change_with_rows RENAME TO change;
CREATE INDEX change_in_doubt ON change (run_id) WHERE state = 'planned';
