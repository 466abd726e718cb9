package cli_test

var clockBehaviours []behaviour
