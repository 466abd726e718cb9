// Package planfile reads files that describe plans as they are to be, for
// 'ration plans apply':
//
//	meters:
//	  - {name: eur, unit: 0.01}
//	plans:
//	  - name: free
//	    limits: [1000/day, 10/second burst 20]
//	  - name: pro
//	    limits:
//	      - 200000 tokens/month
//	    time_zone: Europe/Berlin
//
// Meters need stand there only to give them a unit. Limits and the other values are written as the command's flags take them. The file is
// YAML, and so is JSON.
package planfile
