package disk

import "go.etcd.io/bbolt"

// Forget drops the nonces of a world whose time has passed, in milliseconds since 1970. It returns how many went.
func (k *Keeper) Forget(world string, before int64) (gone int, err error) {
	err = k.do(func(tx *bbolt.Tx) error {
		gone = 0 // the work may be done again
		w := tx.Bucket(bucketWorlds).Bucket([]byte(world))
		if w == nil {
			return nil
		}
		nonces := w.Bucket(partNonces)
		var old [][]byte
		err := nonces.ForEach(func(text, until []byte) error {
			if int64(numberOf(until)) < before { //nolint:gosec // written the same way
				old = append(old, append([]byte(nil), text...))
			}
			return nil
		})
		for _, text := range old {
			if err == nil {
				err = nonces.Delete(text)
				gone++
			}
		}
		return err
	})
	return gone, err
}
