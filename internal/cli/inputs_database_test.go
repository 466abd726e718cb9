package cli_test

var databaseBehaviours []behaviour
