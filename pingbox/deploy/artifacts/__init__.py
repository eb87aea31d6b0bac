"""What a deploy uploads: the functions' zips and the page's files."""
