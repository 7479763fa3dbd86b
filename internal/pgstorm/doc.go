// Package pgstorm has the tests of what the log in PostgreSQL promises under every failure at once:
// several processes on one database, all of which are killed, cut off and restarted at random.
package pgstorm
