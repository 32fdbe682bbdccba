-- Quotas that all who call share: when the next call of each is expected, and until when it goes at half its pace (seconds since 1970).

CREATE TABLE pace (
  bucket TEXT PRIMARY KEY,
  arrival REAL NOT NULL,
  slow_until REAL NOT NULL
) WITHOUT ROWID;
