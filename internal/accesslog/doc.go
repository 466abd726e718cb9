// Package accesslog writes one line for each answer, so that whoever has a request's
// id can find out what it got and why.
//
// A line has only what is no secret: of the URL the name of the route, neither the path
// nor the query, which may hold tokens; of the key its id; no header.
package accesslog
