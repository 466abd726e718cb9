package main

import (
	"context"
	"database/sql"
	"fmt"
)

// database is one that Ration keeps its counts in, filled and read past Ration.
type database interface {
	name() string
	url() string
	open(ctx context.Context) (*sql.DB, error)
	// fill returns the statements that fill the tables, in the order in which they run.
	fill(size size) []string
	// keyRow is the statement that reads the row of a key by its primary key.
	keyRow() string
	// hot is the statement that reads, for each table that decisions update, its name, how
	// many rows were updated, and how many of them as heap-only tuples; "": the database
	// has no such thing.
	hot() string
}

// keyID returns the hexadecimal digits of the id of a key that fill made.
func keyID(number int) string { return fmt.Sprintf("01990000000070008%015x", number) }

// The names of keys are made of these, so that they have beginnings in common.
const (
	firstNames = `'Ada','Adam','Agnes','Alan','Albert','Anna','Annabel','Barbara','Bernd','Carla','Clara','Dennis','Donald','Edsger','Frances','Grace','Hedy','Ida','Ivan','Jean','John','Karen','Ken','Linus','Margaret','Niklaus','Radia','Robin','Sophie','Tim','Ülkü','Zoë'`
	lastNames  = `'Allen','Backus','Berners','Böhm','Cerf','Codd','Dijkstra','Engelbart','Floyd','Gray','Hamilton','Hoare','Hopper','Iverson','Johnson','Kay','Knuth','Lamport','Lovelace','Liskov','McCarthy','Milner','Naur','Perlis','Perlman','Ritchie','Scott','Tarjan','Thompson','Turing','Wilkes','Wirth'`
	names      = 32 // of each
)
