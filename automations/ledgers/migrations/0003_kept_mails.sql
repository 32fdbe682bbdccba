-- Mails that wait for a person, and mails that are tried again: more states, when the next try may be, and how often it was tried.
-- A CHECK cannot be changed in place, so both tables are made anew with what they hold.

CREATE TABLE mail_before AS SELECT * FROM mail;
CREATE TABLE mail_notice_before AS SELECT * FROM mail_notice;
DROP TABLE mail_notice;
DROP TABLE mail;

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
  state TEXT NOT NULL CHECK (state IN (
    'pending', 'sending', 'sent', 'failed', 'unknown', 'draft', 'held', 'released', 'dropped', 'withdrawn', 'suppressed')),
  reply TEXT NOT NULL DEFAULT '',
  tries INTEGER NOT NULL DEFAULT 0,
  next_try TEXT
);
CREATE INDEX mail_unsettled ON mail (state) WHERE state <> 'sent';
CREATE INDEX mail_by_day ON mail (sent_at);

CREATE TABLE mail_notice (
  workbook TEXT NOT NULL,
  identity TEXT NOT NULL,
  message_id TEXT NOT NULL REFERENCES mail (message_id),
  PRIMARY KEY (workbook, identity)
) WITHOUT ROWID;
CREATE INDEX mail_notice_by_mail ON mail_notice (message_id);

INSERT INTO mail (id, message_id, run_id, workbook, recipient, reader, subject, text, html, identities, sent_at, language, reply_to, state, reply)
SELECT id, message_id, run_id, workbook, recipient, reader, subject, text, html, identities, sent_at, language, reply_to, state, reply
FROM mail_before;
INSERT INTO mail_notice (workbook, identity, message_id) SELECT workbook, identity, message_id FROM mail_notice_before;
DROP TABLE mail_before;
DROP TABLE mail_notice_before;

CREATE INDEX change_by_cell ON change (table_name, key, column_name);
