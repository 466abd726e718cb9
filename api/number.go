package api

import "encoding/json"

// Number is an amount: an exact decimal number, as its JSON has it, such as 1500 or
// 1.5. It has no zeros at the end of its decimals. Only meters with a unit have
// decimals.
type Number = json.Number
