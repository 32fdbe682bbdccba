-- Digests: which slot of which digest was claimed for which reader, what its figures were, and the mail that carries it ('' for none).

CREATE TABLE digest (
  workbook TEXT NOT NULL,
  digest TEXT NOT NULL,
  reader TEXT NOT NULL,
  slot TEXT NOT NULL,
  run_id INTEGER NOT NULL REFERENCES run (id),
  at TEXT NOT NULL,
  message_id TEXT NOT NULL,
  figures TEXT NOT NULL,
  PRIMARY KEY (workbook, digest, reader, slot)
) WITHOUT ROWID;
