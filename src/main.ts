console.error('vigia: under construction');
