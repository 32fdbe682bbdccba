-- The first schema: runs, their changes, the last applied cells, notices, mails, transitions, findings.
-- Times are ISO 8601 text, local to the workbook's zone. Values are JSON: null, true, 5, "x", {"decimal": "1.50"}, {"date": "2026-09-30"}.

CREATE TABLE meta (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
);

CREATE TABLE config_version (
  hash TEXT PRIMARY KEY,
  text TEXT NOT NULL,
  accepted_at TEXT NOT NULL
);

CREATE TABLE run (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  automation TEXT NOT NULL,
  workbook TEXT NOT NULL,
  started_at TEXT NOT NULL,
  config_hash TEXT NOT NULL,
  plan_fingerprint TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('started', 'done', 'refused', 'failed')),
  ended_at TEXT,
  reason TEXT NOT NULL DEFAULT '',
  counts TEXT NOT NULL DEFAULT '{}',
  undone_by INTEGER REFERENCES run (id)
);
CREATE INDEX run_by_workbook ON run (workbook, automation);

CREATE TABLE change (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  run_id INTEGER NOT NULL REFERENCES run (id),
  kind TEXT NOT NULL CHECK (kind IN ('cell', 'key')),
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
CREATE INDEX change_in_doubt ON change (run_id) WHERE state = 'planned';

CREATE TABLE cell (
  workbook TEXT NOT NULL,
  table_name TEXT NOT NULL,
  key TEXT NOT NULL,
  column_name TEXT NOT NULL,
  value TEXT NOT NULL,
  run_id INTEGER NOT NULL REFERENCES run (id),
  PRIMARY KEY (workbook, table_name, key, column_name)
) WITHOUT ROWID;

CREATE TABLE notice (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  workbook TEXT NOT NULL,
  identity TEXT NOT NULL,
  run_id INTEGER NOT NULL REFERENCES run (id),
  policy TEXT NOT NULL,
  rule TEXT NOT NULL,
  table_name TEXT NOT NULL,
  key TEXT NOT NULL,
  rung TEXT NOT NULL,
  episode INTEGER NOT NULL,
  template TEXT NOT NULL,
  reader TEXT NOT NULL,
  address TEXT NOT NULL,
  language TEXT NOT NULL,
  facts TEXT NOT NULL,
  claimed_as TEXT NOT NULL CHECK (claimed_as IN ('planned', 'baseline', 'overtaken', 'suppressed')),
  reason TEXT NOT NULL,
  state TEXT NOT NULL,
  UNIQUE (workbook, identity)
);
CREATE INDEX notice_by_run ON notice (run_id);
CREATE INDEX notice_by_row ON notice (workbook, table_name, key);

CREATE TABLE mail (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  message_id TEXT NOT NULL UNIQUE,
  run_id INTEGER NOT NULL REFERENCES run (id),
  workbook TEXT NOT NULL,
  recipient TEXT NOT NULL,
  reader TEXT NOT NULL,
  subject TEXT NOT NULL,
  text TEXT NOT NULL,
  html TEXT NOT NULL,
  identities TEXT NOT NULL,
  sent_at TEXT NOT NULL,
  language TEXT NOT NULL,
  reply_to TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('pending', 'sending', 'sent', 'failed', 'unknown')),
  reply TEXT NOT NULL DEFAULT ''
);
CREATE INDEX mail_unsettled ON mail (state) WHERE state <> 'sent';

-- A notice stands in one mail only: the key refuses a second.
CREATE TABLE mail_notice (
  workbook TEXT NOT NULL,
  identity TEXT NOT NULL,
  message_id TEXT NOT NULL REFERENCES mail (message_id),
  PRIMARY KEY (workbook, identity)
) WITHOUT ROWID;
CREATE INDEX mail_notice_by_mail ON mail_notice (message_id);

CREATE TABLE transition (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  run_id INTEGER NOT NULL REFERENCES run (id),
  workbook TEXT NOT NULL,
  table_name TEXT NOT NULL,
  key TEXT NOT NULL,
  watch TEXT NOT NULL,
  old_value INTEGER,
  new_value INTEGER NOT NULL,
  seen_at TEXT NOT NULL,
  not_before TEXT
);
CREATE INDEX transition_by_watch ON transition (workbook, table_name, key, watch);

CREATE TRIGGER transition_stays BEFORE UPDATE ON transition BEGIN
  SELECT RAISE (ABORT, 'the log of transitions is only appended to');
END;
CREATE TRIGGER transition_never_goes BEFORE DELETE ON transition BEGIN
  SELECT RAISE (ABORT, 'the log of transitions is only appended to');
END;

-- column_name is '' where the finding is about the whole row.
CREATE TABLE finding (
  workbook TEXT NOT NULL,
  rule TEXT NOT NULL,
  key TEXT NOT NULL,
  column_name TEXT NOT NULL,
  first_seen TEXT NOT NULL,
  last_seen TEXT NOT NULL,
  fixed_at TEXT,
  episode INTEGER NOT NULL,
  seen_by INTEGER NOT NULL REFERENCES run (id),
  PRIMARY KEY (workbook, rule, key, column_name)
) WITHOUT ROWID;
