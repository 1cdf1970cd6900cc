package ordertest

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/bootledger/bootledger/boot/lsb"
	"github.com/bootledger/bootledger/boot/order"
)

// Write puts the tree into an empty directory: init.d, rc?.d, conf, conf.d and
// overrides.
func (t Tree) Write(dir string) error {
	var errs []error
	mkdir := func(name string) { errs = append(errs, os.MkdirAll(filepath.Join(dir, name), 0o755)) }
	write := func(name, text string, mode fs.FileMode) {
		errs = append(errs, os.WriteFile(filepath.Join(dir, name), []byte(text), mode))
	}
	for _, name := range []string{"init.d", "depend", "overrides"} {
		mkdir(name)
	}
	for _, s := range t.Scripts {
		path := "init.d/" + s.Name
		switch {
		case s.Target != "":
			errs = append(errs, os.Symlink(s.Target, filepath.Join(dir, path)))
		case s.Plain:
			write(path, s.Text, 0o644)
		default:
			write(path, s.Text, 0o755)
		}
	}
	write("conf", t.Conf, 0o644)
	if t.ConfDir != nil {
		mkdir("conf.d")
	}
	for name, text := range t.ConfDir {
		write("conf.d/"+name, text, 0o644)
	}
	for name, text := range t.Overrides {
		write("overrides/"+name, text, 0o644)
	}
	for _, l := range t.Links {
		mkdir(l.Dir)
		path := l.Dir + "/" + l.Base
		if l.Target == "" {
			write(path, "", 0o755)
		} else {
			errs = append(errs, os.Symlink(l.Target, filepath.Join(dir, path)))
		}
	}
	return errors.Join(errs...)
}

// Read gives what insserv would read of a tree that was written to dir.
func Read(dir string) (order.Input, error) {
	in := order.Input{Links: map[lsb.Runlevel][]order.LinkEntry{}}
	var err error
	if in.Conf, err = os.ReadFile(filepath.Join(dir, "conf")); err != nil {
		return in, err
	}
	confDir, err := readFiles(filepath.Join(dir, "conf.d"))
	if err != nil {
		return in, err
	}
	for name, text := range confDir {
		in.ConfDir = append(in.ConfDir, lsb.File{Name: name, Text: text})
	}
	if in.LocalOverrides, err = readFiles(filepath.Join(dir, "overrides")); err != nil {
		return in, err
	}
	names, err := readNames(filepath.Join(dir, "init.d"))
	if err != nil {
		return in, err
	}
	known := map[string]bool{}
	for _, name := range names {
		s, err := readScript(filepath.Join(dir, "init.d", name))
		if err != nil {
			return in, err
		}
		known[name] = true
		in.Scripts = append(in.Scripts, s)
	}
	for _, level := range lsb.AllRunlevels {
		names, err := readNames(filepath.Join(dir, level.Dir()))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return in, err
		}
		in.Links[level] = []order.LinkEntry{}
		for _, name := range names {
			s, err := readScript(filepath.Join(dir, level.Dir(), name))
			if err != nil {
				return in, err
			}
			entry := order.LinkEntry{Base: name, Symlink: s.Symlink, Target: s.Target, Dangling: !s.Regular}
			if script := filepath.Base(s.Target); !known[script] || s.Target != "../init.d/"+script {
				entry.Text, entry.Real = s.Text, s.Real
			}
			in.Links[level] = append(in.Links[level], entry)
		}
	}
	return in, nil
}

func readScript(path string) (order.Script, error) {
	s := order.Script{Name: filepath.Base(path)}
	if target, err := os.Readlink(path); err == nil {
		s.Symlink, s.Target = true, target
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	s.Regular, s.Executable = info.Mode().IsRegular(), info.Mode()&0o100 != 0
	if !s.Regular {
		return s, nil
	}
	end, err := filepath.EvalSymlinks(path)
	if err != nil {
		return s, err
	}
	s.Real = filepath.Base(end)
	s.Text, err = os.ReadFile(path)
	return s, err
}

// readNames lists a directory in its own order.
func readNames(dir string) ([]string, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	names, err := f.Readdirnames(-1)
	return names, errors.Join(err, f.Close())
}

func readFiles(dir string) (map[string][]byte, error) {
	names, err := readNames(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	files := map[string][]byte{}
	for _, name := range names {
		text, readErr := os.ReadFile(filepath.Join(dir, name))
		err = errors.Join(err, readErr)
		files[name] = text
	}
	return files, err
}
