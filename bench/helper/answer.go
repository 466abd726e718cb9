package helper

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
)

// Answer is the other side: it says that the program is ready and answers questions until
// there are no more.
func Answer(ready Ready, answer func(Question) (any, error)) error {
	output := json.NewEncoder(os.Stdout)
	if err := output.Encode(ready); err != nil {
		return err
	}
	questions := json.NewDecoder(bufio.NewReader(os.Stdin))
	for {
		var question Question
		if err := questions.Decode(&question); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		said, err := answer(question)
		if err != nil {
			return err
		}
		if err := output.Encode(said); err != nil {
			return err
		}
	}
}
