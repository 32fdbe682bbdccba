-- What runs by itself: the slots of each automation, leases on what only one may hold, troubles the admin is told once.
-- Instants of slots and leases are UTC (2026-09-30T00:30:00+00:00); the local clock of a zone repeats an hour each autumn.

CREATE TABLE slot (
  automation TEXT NOT NULL,
  workbook TEXT NOT NULL,
  due TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('due', 'running', 'done', 'failed', 'skipped')),
  attempts INTEGER NOT NULL DEFAULT 0,
  owner TEXT NOT NULL DEFAULT '',
  not_before TEXT NOT NULL,
  changed_at TEXT NOT NULL,
  why TEXT NOT NULL DEFAULT '',
  skipped INTEGER NOT NULL DEFAULT 0,
  run_id INTEGER REFERENCES run (id),
  PRIMARY KEY (automation, workbook, due)
) WITHOUT ROWID;
CREATE INDEX slot_open ON slot (state) WHERE state IN ('due', 'running');

CREATE TABLE lease (
  resource TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  expires TEXT NOT NULL
);

CREATE TABLE trouble (
  name TEXT PRIMARY KEY,
  since TEXT NOT NULL,
  last_at TEXT NOT NULL,
  times INTEGER NOT NULL,
  why TEXT NOT NULL,
  told INTEGER NOT NULL DEFAULT 0
);
