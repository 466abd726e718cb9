package admin

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"slices"

	"github.com/ration-dev/ration"
)

// hiddenBlock is what the length of a hidden text is rounded up to, so that it tells
// little.
const hiddenBlock = 256

// hide encrypts the position of a key that is out of reach, so that whoever goes on from
// there doesn't learn its name or owner.
func (s *Service) hide(ctx context.Context, position KeyPosition) (KeyPosition, error) {
	box, err := s.cursorBox(ctx)
	if err != nil {
		return KeyPosition{}, err
	}
	length := len(position.ID) + len(position.Text)
	plain := slices.Concat(position.ID[:], []byte(position.Text), make([]byte, hiddenBlock-length%hiddenBlock))
	return KeyPosition{Hidden: base64.RawStdEncoding.EncodeToString(box.Seal(nil, nil, plain, nil))}, nil
}

// reveal undoes hide; any other position stays as it is.
func (s *Service) reveal(ctx context.Context, position KeyPosition) (KeyPosition, error) {
	if position.Hidden == "" {
		return position, nil
	}
	box, err := s.cursorBox(ctx)
	if err != nil {
		return KeyPosition{}, err
	}
	sealed, err := base64.RawStdEncoding.DecodeString(position.Hidden)
	if err == nil {
		sealed, err = box.Open(nil, nil, sealed, nil)
	}
	if err != nil || len(sealed) < len(position.ID) {
		return KeyPosition{}, &ration.InvalidError{Field: "after", Reason: "use the position that a page ended with"}
	}
	id, text := sealed[:len(position.ID)], sealed[len(position.ID):]
	return KeyPosition{ID: ration.KeyID(id), Text: string(bytes.TrimRight(text, "\x00"))}, nil
}

func (s *Service) cursorBox(ctx context.Context) (cipher.AEAD, error) {
	key, err := s.store.CursorKey(ctx)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key) // AES-256
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}
