// Package override finds where a request names another method than its own, or
// another path, in its query or body: "_method" of Rails, Laravel, Symfony, Spring
// and Express, and its relatives. An upstream that believes it does something else
// than what was charged.
//
// Bodies are looked at while they stream, in bounded memory: a name is passed on
// only once it is known to be none of these.
package override
