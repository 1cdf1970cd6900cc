package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"

	"go.etcd.io/bbolt"
)

// manifestTop is what a manifest's sum stands for. Its parts are stored once for
// all manifests that have them in common: a capture in which one directory changed
// costs that directory and this.
type manifestTop struct {
	Dirs     map[string]string `json:"dirs"`     // SHA-256 of a map from base name to Entry, by directory
	Packages string            `json:"packages"` // SHA-256 of Manifest.Packages
}

// Manifest returns the captured configuration with that sum; ErrNotFound if the
// ledger does not hold it.
func (l *Ledger) Manifest(sum string) (Manifest, error) {
	var m Manifest
	err := l.find(func(tx *bbolt.Tx) (err error) {
		m, err = getManifest(tx, sum)
		return err
	})
	if err != nil {
		return Manifest{}, fmt.Errorf("cannot read manifest %s: %w", sum, err)
	}
	return m, nil
}

func putManifest(tx *bbolt.Tx, m Manifest) (string, error) {
	dirs := map[string]map[string]Entry{}
	for name, entry := range m.Entries {
		if path.Clean(name) != name || !path.IsAbs(name) {
			return "", fmt.Errorf("%q is no absolute path", name)
		}
		if err := checkNames(name, entry.Target); err != nil {
			return "", err
		}
		dir := path.Dir(name)
		if dirs[dir] == nil {
			dirs[dir] = map[string]Entry{}
		}
		dirs[dir][path.Base(name)] = *normalEntry(&entry)
	}
	for name, version := range m.Packages {
		if err := checkNames(name, version); err != nil {
			return "", err
		}
	}
	top := manifestTop{Dirs: map[string]string{}}
	var err error
	for dir, part := range dirs {
		if top.Dirs[dir], err = putPart(tx, part); err != nil {
			return "", err
		}
	}
	packages := map[string]string{}
	maps.Copy(packages, m.Packages)
	if top.Packages, err = putPart(tx, packages); err != nil {
		return "", err
	}
	return putPart(tx, top)
}

func getManifest(tx *bbolt.Tx, sum string) (Manifest, error) {
	var top manifestTop
	if err := getPart(tx, sum, &top); err != nil {
		return Manifest{}, err
	}
	missing := func(err error) error {
		if errors.Is(err, ErrNotFound) {
			return &DamageError{Where: "manifest " + sum, Message: "one of its parts is missing"}
		}
		return err
	}
	m := Manifest{Entries: map[string]Entry{}}
	for dir, sum := range top.Dirs {
		var part map[string]Entry
		if err := getPart(tx, sum, &part); err != nil {
			return Manifest{}, missing(err)
		}
		for name, entry := range part {
			m.Entries[path.Join(dir, name)] = entry
		}
	}
	if err := getPart(tx, top.Packages, &m.Packages); err != nil {
		return Manifest{}, missing(err)
	}
	return m, nil
}

func putPart(tx *bbolt.Tx, part any) (string, error) {
	content, err := encode(part)
	if err != nil {
		return "", err
	}
	return putPacked(tx.Bucket(manifestsBucket), content)
}

func getPart(tx *bbolt.Tx, sum string, part any) error {
	content, err := getPacked(tx.Bucket(manifestsBucket), sum)
	if err != nil {
		return err
	}
	return json.Unmarshal(content, part)
}
