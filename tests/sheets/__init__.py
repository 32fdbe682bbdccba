"""A stand-in for Google Sheets and Drive that speaks their wire language on loopback; start at `server.StandIn`."""
